"""The stand-in's state, and how a request is answered and billed against it."""

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal

from gemini_mcp.simulator.batches import Batches
from gemini_mcp.simulator.bill import Bill, Price, StoragePrice
from gemini_mcp.simulator.caches import Cache, Caches
from gemini_mcp.simulator.fault_replies import FREE, Script, refusal, script
from gemini_mcp.simulator.faults import Faults
from gemini_mcp.simulator.files import Files
from gemini_mcp.simulator.generation import Generated, Prompt, count_prompt, generate
from gemini_mcp.simulator.log import RequestLog
from gemini_mcp.simulator.model_rules import check_known, check_length, check_settings
from gemini_mcp.simulator.prefixes import Piece, Prefixes
from gemini_mcp.simulator.refusals import Refusal
from gemini_mcp.simulator.tokens import count_blob
from gemini_mcp.simulator.wire import Blob, GenerateRequest, JsonObject, read_generate

Prices = Literal["zero", "list"]


class Simulator:
    """One stand-in. ``reset`` clears its bill, log, rule counts and implicit caches, and keeps what was stored."""

    def __init__(
        self,
        *,
        prices: Prices = "zero",
        price: Price | None = None,
        storage_price: StoragePrice | None = None,
        known_models: frozenset[str] | None = None,
        faults: Sequence[Any] = (),
        batch_seconds: float | None = None,
        log_body_bytes: int = 4_096,
        now: Callable[[], float] = time.time,
    ) -> None:
        """``price`` and ``storage_price`` count with ``prices="list"`` only. ``faults`` are rules as :mod:`.faults`
        documents them; a bad one raises ValueError. ``known_models=None`` knows every Gemini and Gemma name.
        ``batch_seconds`` is how long a batch takes; None: it advances a state each time it is read. ``now`` is in
        seconds since 1970."""
        self.prices = prices
        self.known_models = known_models
        self.now = now
        self.bill = Bill(price, storage_price) if prices == "list" else Bill()
        self.log = RequestLog(body_bytes=log_body_bytes)
        self.faults = Faults(faults)
        self.files = Files()
        self.caches = Caches()
        self.batches = Batches(batch_seconds)
        self._prefixes = Prefixes()

    def reset(self) -> None:
        self.bill.clear()
        self.log.clear()
        self.faults.clear()
        self._prefixes.clear()

    def check(self, request: GenerateRequest, version: str, method: str) -> None:
        """Raises Refusal for what the model does not take."""
        check_known(request.model, self.known_models, version, method)
        check_settings(request)

    def prompt_text(self, request: GenerateRequest) -> str:
        """All text a model would read, that of an explicit cache included. Raises Refusal (400, 403)."""
        cache = self._cache(request)
        return f"{cache.content.text}\n{request.text}" if cache else request.text

    def answer(self, request: GenerateRequest, scripted: Script = FREE) -> Generated:
        """Generates and bills. Raises Refusal for a bad cache or too long a prompt, which are not billed."""
        model, cache = scripted.served_by or request.model, self._cache(request)
        prompt = self.count(request) if cache else self._implicitly_cached(request, model)
        check_length(model, prompt.tokens)
        generated = generate(_with_cache(request, cache), prompt, scripted)
        self.bill.charge(generated.model, generated.usage, generated.service_tier)
        return generated

    def create_cache(self, body: JsonObject, content: GenerateRequest) -> Cache:
        """Makes and bills an explicit cache. Raises Refusal (400)."""
        now = self.now()
        cache = self.caches.create(body, content, now)
        self.bill.charge_cache(content.model, cache.tokens, cache.expires - now)
        return cache

    def update_cache(self, name: str, body: JsonObject) -> Cache:
        """Renews a cache; time that is added is billed, time that is given up is not given back. Raises Refusal."""
        now = self.now()
        before = self.caches.get(name, now).expires
        cache = self.caches.update(name, body, now)
        if cache.expires > before:
            self.bill.charge_storage(cache.content.model, cache.tokens, cache.expires - before)
        return cache

    def count(self, request: GenerateRequest) -> Prompt:
        """Tokens of the prompt, those of an explicit cache included. Raises Refusal (400, 403)."""
        counts, cache = count_prompt(request), self._cache(request)
        if cache is None:
            return Prompt(counts)
        both = {name: counts.get(name, 0) + cache.counts.get(name, 0) for name in {**counts, **cache.counts}}
        return Prompt(both, sum(cache.counts.values()))

    def _implicitly_cached(self, request: GenerateRequest, model: str) -> Prompt:
        counts = count_prompt(request)
        return Prompt(counts, self._prefixes.cached_tokens(model, _prefix(request), sum(counts.values())))

    def _cache(self, request: GenerateRequest) -> Cache | None:
        return self.caches.for_request(request, self.now()) if request.cached_content else None

    def answer_in_batch(self, model: str, body: JsonObject) -> JsonObject:
        """The result of one request of a batch, billed at the batch rate."""
        try:
            request = replace(read_generate(body, model, self.files.open), service_tier="batch")
            self.check(request, "v1", "batchGenerateContent")
            rule = self.faults.for_prompt(model, self.prompt_text(request))
            if rule and (refused := refusal(rule, model, "v1", "batchGenerateContent")):
                raise refused
            return {"response": self.answer(request, script(rule)).body(response_id())}
        except Refusal as refused:
            return {"error": refused.as_status()}


def response_id() -> str:
    return secrets.token_urlsafe(16)


def _prefix(request: GenerateRequest) -> Iterator[Piece]:
    if request.system:
        yield request.system
    for piece in request.pieces:
        yield piece if isinstance(piece, str) else _media_piece(piece, request)


def _media_piece(blob: Blob, request: GenerateRequest) -> Piece:
    return hash(blob.digest), count_blob(blob, request.model, request.settings.resolution)[1]


def _with_cache(request: GenerateRequest, cache: Cache | None) -> GenerateRequest:
    """The request as the model reads it: behind what was cached."""
    if cache is None:
        return request
    asked = f"{cache.content.asked}\n\n{request.asked}"
    return replace(request, system=cache.content.system, asked=asked, pieces=cache.content.pieces + request.pieces)
