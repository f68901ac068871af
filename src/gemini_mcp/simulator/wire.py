"""Reading a generate request: camelCase outside and snake_case inside, as google-genai sends it, or either anywhere."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from gemini_mcp.simulator.refusals import Refusal
from gemini_mcp.simulator.remembered import digest

JsonObject = dict[str, Any]
_TEXT_TYPES = re.compile(r"text/|application/(?:json|xml|yaml|x-yaml|javascript|x-python|toml)")


@dataclass(frozen=True, slots=True)
class Blob:
    """Media that is not text. ``resolution`` and ``tokens`` are what the part itself asks for, if anything; ``digest``
    stands for the data."""

    mime: str
    data: bytes = field(repr=False)
    resolution: str = ""
    tokens: int | None = None
    digest: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", digest(self.data))


@dataclass(frozen=True, slots=True)
class Settings:
    """The generationConfig, as far as it matters here. ``level`` is in capitals, empty when not given; ``budget`` and
    ``max_output_tokens`` are in tokens; ``dropped`` names the settings given that the fourth generation dropped."""

    schema: Any = None
    mime: str = ""
    max_output_tokens: int | None = None
    level: str = ""
    budget: int | None = None
    candidates: int = 1
    resolution: str = ""
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """What a generate call asks for. ``pieces`` are its contents in order, text or media, without the system text;
    ``asked`` is the text that is not the model's own; ``restates`` says that it sets what a cache would set."""

    model: str
    system: str = ""
    pieces: tuple[str | Blob, ...] = ()
    asked: str = ""
    settings: Settings = field(default_factory=Settings)
    tools: tuple[JsonObject, ...] = ()
    service_tier: str = "standard"
    cached_content: str = ""
    continuation: str = ""
    restates: bool = False

    @property
    def text(self) -> str:
        """The system instruction and all text, in order."""
        return "\n".join(filter(None, (self.system, *(piece for piece in self.pieces if isinstance(piece, str)))))

    @property
    def blobs(self) -> tuple[Blob, ...]:
        return tuple(piece for piece in self.pieces if isinstance(piece, Blob))

    @property
    def searches(self) -> bool:
        return any(pick(tool, "googleSearch") is not None for tool in self.tools)


OpenFile = Callable[[str], tuple[str, bytes]]
"""MIME type and bytes of an uploaded file by its URI; raises Refusal."""


@lru_cache(maxsize=512)
def _snake(name: str) -> str:
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)


def pick(source: Mapping[str, Any], name: str, default: Any = None) -> Any:
    """The field ``name`` (camelCase) in either casing; ``default`` when absent or null."""
    value = source.get(name)
    if value is None:
        value = source.get(_snake(name))
    return default if value is None else value


def pick_object(source: JsonObject, name: str) -> JsonObject:
    """The object under ``name`` in either casing, empty when absent. Raises Refusal (400) for another type."""
    value = pick(source, name, {})
    if not isinstance(value, dict):
        raise Refusal(400, f"Invalid JSON payload received. Invalid value at '{_snake(name)}'.")
    return value


def read_json(body: bytes) -> JsonObject:
    """Raises Refusal (400) for what is not a JSON object."""
    try:
        value = json.loads(body) if body else {}
    except ValueError as error:
        raise Refusal(400, f"Invalid JSON payload received. {error}") from None
    if not isinstance(value, dict):
        raise Refusal(400, "Invalid JSON payload received. The payload is not an object.")
    return value


def read_generate(body: JsonObject, model: str, open_file: OpenFile) -> GenerateRequest:
    """Raises Refusal (400) for a body of the wrong shape or without contents."""
    try:
        request = _read(body, model, open_file)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise Refusal(400, f"Invalid JSON payload received. Invalid value: {error}") from None
    if not pick(body, "contents"):
        raise Refusal(400, "* GenerateContentRequest.contents: contents is not specified\n")
    return request


def _read(body: JsonObject, model: str, open_file: OpenFile) -> GenerateRequest:
    contents = pick(body, "contents", [])
    pieces = [(content.get("role", "user"), list(_pieces(content, open_file))) for content in contents]
    mine = [piece for role, group in pieces if role != "model" for piece in group if isinstance(piece, str)]
    tools = tuple(dict(tool) for tool in pick(body, "tools", ()))
    return GenerateRequest(
        model=model,
        system="\n".join(_texts(_pieces(pick(body, "systemInstruction", {}), open_file))),
        pieces=tuple(piece for _, group in pieces for piece in group),
        asked="\n\n".join(mine),
        settings=_settings(pick(body, "generationConfig", {})),
        tools=tools,
        service_tier=_tier(str(pick(body, "serviceTier", "standard"))),
        cached_content=str(pick(body, "cachedContent", "")),
        continuation=str(pick(body, "continuationToken", "")),
        restates=bool(tools or pick(body, "systemInstruction") or pick(body, "toolConfig")),
    )


def _settings(config: JsonObject) -> Settings:
    thinking = pick(config, "thinkingConfig", {})
    return Settings(
        schema=pick(config, "responseJsonSchema", pick(config, "responseSchema")),
        mime=str(pick(config, "responseMimeType", "")),
        max_output_tokens=_whole(pick(config, "maxOutputTokens")),
        level=str(pick(thinking, "thinkingLevel", "")).upper(),
        budget=_whole(pick(thinking, "thinkingBudget")),
        candidates=int(pick(config, "candidateCount", 1)),
        resolution=str(pick(config, "mediaResolution", "")),
        dropped=tuple(name for name in ("frequencyPenalty", "presencePenalty") if pick(config, name) is not None),
    )


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _tier(name: str) -> str:
    tier = name.lower().removeprefix("service_tier_")
    return tier if tier in ("flex", "priority") else "standard"


def _texts(pieces: Iterable[str | Blob]) -> list[str]:
    return [piece for piece in pieces if isinstance(piece, str)]


def _pieces(content: JsonObject, open_file: OpenFile) -> Iterable[str | Blob]:
    for part in content.get("parts") or ():
        if isinstance(text := part.get("text"), str):
            yield text
        elif inline := pick(part, "inlineData"):
            yield _media(str(pick(inline, "mimeType", "")), _decoded(str(pick(inline, "data", ""))), part)
        elif named := pick(part, "fileData"):
            mime, data = open_file(str(pick(named, "fileUri", "")))
            yield _media(str(pick(named, "mimeType", "")) or mime, data, part)
        else:
            yield json.dumps(part, ensure_ascii=False)


def _media(mime: str, data: bytes, part: JsonObject) -> str | Blob:
    if _TEXT_TYPES.match(mime):
        return data.decode(errors="replace")
    resolution = pick(part, "mediaResolution", {})
    return Blob(mime, data, str(pick(resolution, "level", "")), _whole(pick(resolution, "numTokens")))


def _decoded(text: str) -> bytes:
    """Standard or URL-safe base64, padded or not."""
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(f"Base64 decoding failed: {error}") from None
