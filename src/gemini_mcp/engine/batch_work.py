"""What a batch is about, as JSON in the ledger: any later process can take it up where the last one left it.

Plain JSON of plain data: bytes in base 64, classes by their fields. What cannot be read is of another version.
"""

import base64
import json
import time
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from gemini_mcp.domain import errors
from gemini_mcp.domain.errors import UpstreamError
from gemini_mcp.domain.material import Media, Page, Source
from gemini_mcp.domain.messages import ModelAnswer, WebSource
from gemini_mcp.domain.task import Rejected, Task
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.engine.ports import Answer, Attempt, Call, Caller

FORM = 1
"""Raise it when the meaning of a field changes."""

_ERRORS: dict[str, type[UpstreamError]] = {
    found.__name__: found
    for found in vars(errors).values()
    if isinstance(found, type) and issubclass(found, UpstreamError)
}


class BatchLost(UpstreamError):
    """A batch that ended without an answer to the request: cancelled, expired, or gone."""

    code = "upstream_unavailable"


_ERRORS["BatchLost"] = BatchLost


class UnknownForm(ValueError):
    """Work that another version of this program wrote."""


@dataclass(frozen=True, slots=True)
class Turn:
    """An attempt that came back, priced, with its answer or its error."""

    attempt: Attempt
    outcome: ModelAnswer | UpstreamError


@dataclass(frozen=True, slots=True)
class Refused:
    """A budget did not allow a model after so many turns: what was wrong, and how to mend it."""

    message: str
    fix: str
    turns: int


@dataclass(slots=True)
class Item:
    """One task of the batch, and its way so far.

    ``asked``: its attempt that is under way. ``refused``: by model, what a budget did not allow. ``answer``: one that
    was known before anything was asked.
    """

    task: Task
    turns: list[Turn] = field(default_factory=list)
    asked: Attempt | None = None
    refused: dict[str, Refused] = field(default_factory=dict)
    answer: Answer | None = None


@dataclass(slots=True)
class Work:
    """A call of a tool whose tasks are answered in batches. ``extra`` is the tool's own, plain JSON."""

    result_id: str
    caller: Caller
    tool: str
    started_at: float
    max_cost_nano: int | None
    warnings: list[str]
    saved_by_cache_nano: int
    items: list[Item]
    extra: dict[str, Any]

    @classmethod
    def of(cls, call: Call, items: list[Item], extra: dict[str, Any]) -> "Work":
        saved = call.saved_by_cache_nano
        about = (call.result_id, call.caller, call.tool, call.started_at, call.max_cost_nano)
        return cls(*about, list(call.warnings), saved, items, extra)

    def call(self, deadline_s: float) -> Call:
        """The call as it was made, with so much time from now. Its attempts come with the replay of its items."""
        now = time.monotonic()
        return Call(
            result_id=self.result_id,
            caller=self.caller,
            tool=self.tool,
            started_at=self.started_at,
            started_monotonic=now - max(0.0, time.time() - self.started_at),
            deadline=now + deadline_s,
            max_cost_nano=self.max_cost_nano,
            warnings=list(self.warnings),
            saved_by_cache_nano=self.saved_by_cache_nano,
        )

    def to_json(self) -> str:
        about = {name: getattr(self, name) for name in _PLAIN}
        caller = asdict(self.caller)
        return json.dumps({"form": FORM, **about, "caller": caller, "items": [_packed(item) for item in self.items]})

    @classmethod
    def from_json(cls, text: str) -> "Work":
        """Raises UnknownForm."""
        try:
            value = json.loads(text)
            if value.pop("form") != FORM:
                raise UnknownForm("the batch's work was written by another version")
            items = [_item(each) for each in value.pop("items")]
            return cls(**{**value, "caller": Caller(**value["caller"]), "items": items})
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise UnknownForm(f"the batch's work cannot be read ({type(error).__name__}: {error})") from None


_PLAIN = ("result_id", "tool", "started_at", "max_cost_nano", "warnings", "saved_by_cache_nano", "extra")


def _packed(item: Item) -> dict[str, Any]:
    return {
        "task": task_value(item.task),
        "turns": [{"attempt": asdict(turn.attempt), **_outcome_value(turn.outcome)} for turn in item.turns],
        "asked": asdict(item.asked) if item.asked else None,
        "refused": {model: asdict(refused) for model, refused in item.refused.items()},
        "answer": asdict(item.answer) if item.answer else None,
    }


def _item(value: dict[str, Any]) -> Item:
    return Item(
        task=task_of(value["task"]),
        turns=[Turn(_attempt(turn["attempt"]), _outcome(turn)) for turn in value["turns"]],
        asked=_attempt(value["asked"]) if value["asked"] else None,
        refused={model: Refused(**refused) for model, refused in value["refused"].items()},
        answer=_answer(value["answer"]) if value["answer"] else None,
    )


def task_value(task: Task) -> dict[str, Any]:
    """A task as plain JSON."""
    plain = replace(task, sources=())
    return {**asdict(plain), "sources": [source_value(source) for source in task.sources]}


def task_of(value: dict[str, Any]) -> Task:
    rejected = Rejected(**value["rejected"]) if value["rejected"] else None
    return Task(**{**value, "sources": tuple(source_of(each) for each in value["sources"]), "rejected": rejected})


def source_value(source: Source) -> dict[str, Any]:
    """A source as plain JSON, with all that it holds."""
    media = source.media
    packed = {**asdict(replace(media, data=b"")), "data": base64.b64encode(media.data).decode()} if media else None
    return {**asdict(replace(source, media=None)), "media": packed}


def source_of(value: dict[str, Any]) -> Source:
    media = value["media"]
    read = Media(**{**media, "data": base64.b64decode(media["data"])}) if media else None
    return Source(**{**value, "media": read, "pages": tuple(Page(**page) for page in value["pages"])})


def _attempt(value: dict[str, Any]) -> Attempt:
    return Attempt(**{**value, "usage": _usage(value["usage"])})


def _usage(value: dict[str, Any] | None) -> TokenUsage | None:
    return TokenUsage(**value) if value is not None else None


def _answer(value: dict[str, Any]) -> Answer:
    pages = tuple((title, uri) for title, uri in value["web_sources"])
    return Answer(**{**value, "usage": TokenUsage(**value["usage"]), "web_sources": pages})


def _outcome_value(outcome: ModelAnswer | UpstreamError) -> dict[str, Any]:
    if isinstance(outcome, ModelAnswer):
        return {"answer": asdict(outcome)}
    return {"error": [type(outcome).__name__, outcome.message, outcome.fix]}


def _outcome(turn: dict[str, Any]) -> ModelAnswer | UpstreamError:
    if "answer" in turn:
        value = turn["answer"]
        pages = tuple(WebSource(**page) for page in value["web_sources"])
        return ModelAnswer(**{**value, "usage": _usage(value["usage"]), "web_sources": pages})
    name, message, fix = turn["error"]
    return _ERRORS.get(name, UpstreamError)(message, fix)
