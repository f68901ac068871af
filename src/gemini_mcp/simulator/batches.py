"""Batches: pending, running, then succeeded with their results. They advance by being read, or by the clock."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from gemini_mcp.simulator.listing import new_id, timestamp
from gemini_mcp.simulator.refusals import Refusal
from gemini_mcp.simulator.wire import JsonObject, pick, pick_object

_API = "type.googleapis.com/google.ai.generativelanguage.v1main."
_ADVANCING = ("PENDING", "RUNNING", "SUCCEEDED")
_DONE = frozenset(("SUCCEEDED", "CANCELLED"))

Answer = Callable[[str, JsonObject], JsonObject]
"""Answers one request of a batch, given its model: ``{"response": ...}`` or ``{"error": ...}``."""


@dataclass(frozen=True, slots=True)
class Item:
    """One request and what goes back with its result: ``metadata``, or the ``key`` of a line in a file."""

    request: JsonObject
    beside: JsonObject


@dataclass(slots=True)
class Batch:
    """``reads`` counts how often its state was asked for; ``results_file`` is set for requests from a file."""

    id: str
    model: str
    display_name: str
    items: tuple[Item, ...]
    from_file: bool
    created: float
    updated: float
    state: str = "PENDING"
    reads: int = 0
    results: list[JsonObject] = field(default_factory=list)
    results_file: str = ""

    def as_json(self) -> JsonObject:
        output = self._output()
        metadata: JsonObject = {
            "@type": f"{_API}GenerateContentBatch",
            "name": f"batches/{self.id}",
            "model": f"models/{self.model}",
            "displayName": self.display_name,
            "createTime": timestamp(self.created),
            "updateTime": timestamp(self.updated),
            "batchStats": self._stats(),
            "state": f"BATCH_STATE_{self.state}",
        }
        if self.state not in _DONE:
            return {"name": metadata["name"], "metadata": metadata}
        metadata |= {"endTime": timestamp(self.updated)} | ({"output": output} if output else {})
        response = {"response": {"@type": f"{_API}GenerateContentBatchOutput", **output}} if output else {}
        return {"name": metadata["name"], "metadata": metadata, "done": True, **response}

    def _output(self) -> JsonObject:
        if self.state != "SUCCEEDED":
            return {}
        inline = {"inlinedResponses": {"inlinedResponses": self.results}}
        return inline | ({"responsesFile": self.results_file} if self.results_file else {})

    def _stats(self) -> JsonObject:
        failed = sum("error" in result for result in self.results)
        counts = {
            "requestCount": len(self.items),
            "pendingRequestCount": 0 if self.state in _DONE else len(self.items),
            "successfulRequestCount": len(self.results) - failed,
            "failedRequestCount": failed,
        }
        return {name: str(count) for name, count in counts.items() if count}


@dataclass(slots=True)
class Batches:
    """``seconds``: how long a batch takes, None: it advances a step each time it is read."""

    seconds: float | None = None
    _kept: dict[str, Batch] = field(default_factory=dict)

    def create(self, model: str, display_name: str, items: tuple[Item, ...], from_file: bool, now: float) -> Batch:
        """Raises Refusal (400) for a batch without requests."""
        if not items:
            raise Refusal(400, "Batch has no requests.")
        batch = Batch(new_id(), model, display_name, items, from_file, now, now)
        self._kept[batch.id] = batch
        return batch

    def get(self, id_: str) -> Batch:
        """Raises Refusal (404)."""
        if id_ not in self._kept:
            raise Refusal(404)
        return self._kept[id_]

    def read(self, id_: str, answer: Answer, now: float) -> Batch:
        """The batch as it now stands; its requests are answered when it succeeds."""
        batch = self.get(id_)
        batch.reads += 1
        self._advance(batch, answer, now)
        return batch

    def read_all(self, answer: Answer, now: float) -> list[Batch]:
        """Newest first. To be listed does not count as being read, but the clock does."""
        for batch in self._kept.values():
            self._advance(batch, answer, now)
        return list(reversed(self._kept.values()))

    def cancel(self, id_: str, answer: Answer, now: float) -> None:
        """What has succeeded by then stays so."""
        batch = self.get(id_)
        self._advance(batch, answer, now)
        if batch.state not in _DONE:
            batch.state, batch.updated = "CANCELLED", now

    def delete(self, id_: str) -> None:
        self.get(id_)
        del self._kept[id_]

    def _advance(self, batch: Batch, answer: Answer, now: float) -> None:
        state = _ADVANCING[min(2, self._steps(batch, now))]
        if batch.state in _DONE or state == batch.state:
            return
        batch.state, batch.updated = state, now
        if state == "SUCCEEDED":
            batch.results = [answer(batch.model, item.request) | item.beside for item in batch.items]

    def _steps(self, batch: Batch, now: float) -> int:
        if self.seconds is None:
            return batch.reads
        return 2 if now - batch.created >= self.seconds else int(2 * (now - batch.created) / self.seconds)


def inline_items(config: JsonObject) -> tuple[Item, ...]:
    """The requests in ``inputConfig.requests.requests``. Raises Refusal (400) for what is none."""
    requests = pick(pick_object(config, "requests"), "requests", [])
    if not isinstance(requests, list) or not all(isinstance(each, dict) for each in requests):
        raise Refusal(400, "Invalid value at 'batch.input_config.requests.requests'")
    return tuple(Item(pick_object(each, "request"), _metadata(each)) for each in requests)


def _metadata(item: JsonObject) -> JsonObject:
    return {"metadata": item["metadata"]} if item.get("metadata") else {}


def file_items(data: bytes) -> tuple[Item, ...]:
    """The requests in a JSONL file. Raises Refusal (400) that names the line."""
    return tuple(_line_item(number, line) for number, line in enumerate(data.splitlines(), 1) if line.strip())


def _line_item(number: int, line: bytes) -> Item:
    try:
        value = json.loads(line)
        return Item(dict(value["request"]), {"metadata": {"key": value["key"]}} if "key" in value else {})
    except (ValueError, KeyError, TypeError) as error:
        raise Refusal(400, f"Line {number} of the batch file is not a request: {error}") from None


def results_lines(batch: Batch) -> bytes:
    """The results as a JSONL file, each under its key."""
    lines = ({"key": result.get("metadata", {}).get("key", "")} | _bare(result) for result in batch.results)
    return "".join(f"{json.dumps(line)}\n" for line in lines).encode()


def _bare(result: JsonObject) -> JsonObject:
    return {name: value for name, value in result.items() if name != "metadata"}
