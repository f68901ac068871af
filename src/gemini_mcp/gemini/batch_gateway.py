"""Batches at Gemini: creating, finding again, reading and cancelling them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gemini_mcp.domain.batching import UNDER_WAY, BatchRequest, Outcome, Phase, UpstreamBatch
from gemini_mcp.domain.errors import (
    KeyRejected,
    ModelNotFound,
    QuotaExhausted,
    RequestRejected,
    UpstreamError,
    UpstreamMisbehaved,
    UpstreamUnavailable,
)
from gemini_mcp.gemini.gateway import Gateway

_PHASES: dict[str, Phase] = {
    "UNSPECIFIED": "waiting",
    "PENDING": "waiting",
    "RUNNING": "running",
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
    "EXPIRED": "expired",
}
_RPC_ERRORS: dict[int, type[UpstreamError]] = {
    3: RequestRejected,
    5: ModelNotFound,
    7: KeyRejected,
    8: QuotaExhausted,
    9: RequestRejected,
    16: KeyRejected,
}
"""By google.rpc.Code; the others are Gemini's trouble, which may pass."""

_MOST_SAID = 300
_PAGE = 100


class BatchGateway:
    """Speaks through the gateway. Every ``deadline`` is on the monotonic clock, in seconds."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def create(self, display_name: str, requests: Sequence[BatchRequest], deadline: float) -> str:
        """Create a batch of requests to one model; its name. Raises UpstreamError or NoApiKey."""
        model = requests[0].request.model
        async with self._gateway.sdk(model, deadline) as client:
            config = {"display_name": display_name}
            job = await client.aio.batches.create(model=model, src=_inlined(requests), config=config)  # type: ignore[arg-type]
        if not job.name:
            raise UpstreamMisbehaved("Gemini created a batch without a name", "Try again.", usage=None)
        return job.name

    async def find(self, display_name: str, deadline: float) -> str | None:
        """The name of the batch that was created under ours. Raises UpstreamError or NoApiKey."""
        token = ""
        while True:
            page = f"&pageToken={token}" if token else ""
            response = await self._gateway.fetch(f"batches?pageSize={_PAGE}{page}", "the list of batches", deadline)
            listed = _decoded(response.text)
            for batch in listed.get("operations") or []:
                if (batch.get("metadata") or {}).get("displayName") == display_name:
                    return str(batch["name"])
            token = str(listed.get("nextPageToken") or "")
            if not token:
                return None

    async def get(self, name: str, deadline: float) -> UpstreamBatch:
        """The batch as it stands, with its outcomes once there are any. Raises UpstreamError or NoApiKey."""
        response = await self._gateway.fetch(name, "the batch", deadline)
        try:
            return _read(name, _decoded(response.text), response.headers, self._gateway.trusts_simulated)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise UpstreamMisbehaved("a batch has a form we do not know", "Try again.", usage=None) from None

    async def cancel(self, name: str, deadline: float) -> None:
        """Have what was not answered yet left alone. Raises UpstreamError or NoApiKey."""
        async with self._gateway.sdk("the batch", deadline) as client:
            await client.aio.batches.cancel(name=name)


def _inlined(requests: Sequence[BatchRequest]) -> list[Any]:
    from google.genai import types

    from gemini_mcp.gemini.wire import generate_arguments

    made = []
    for each in requests:
        arguments = generate_arguments(each.request)
        about = {"metadata": {"key": each.key}, "contents": arguments["contents"], "config": arguments["config"]}
        made.append(types.InlinedRequest(**about))
    return made


def _decoded(body: str) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise UpstreamUnavailable("Gemini's answer was not JSON", "Try again.")
    return value


def _read(name: str, operation: Mapping[str, Any], headers: Mapping[str, str], trust: bool) -> UpstreamBatch:
    metadata = operation.get("metadata") or {}
    state = str(metadata.get("state") or "UNSPECIFIED").removeprefix("BATCH_STATE_").removeprefix("JOB_STATE_")
    phase = _PHASES.get(state, "waiting")
    if phase in UNDER_WAY:
        return UpstreamBatch(name, phase)
    output = metadata.get("output") or operation.get("response") or {}
    results = (output.get("inlinedResponses") or {}).get("inlinedResponses") or []
    model = str(metadata.get("model") or "").removeprefix("models/")
    outcomes = dict(_outcomes(results, model, headers, trust))
    reason = str((operation.get("error") or {}).get("message") or "")[:_MOST_SAID]
    return UpstreamBatch(name, phase, outcomes, _charged(metadata.get("batchStats")), reason)


def _outcomes(
    results: Sequence[Mapping[str, Any]], model: str, headers: Mapping[str, str], trust: bool
) -> Iterator[tuple[str, Outcome]]:
    for result in results:
        key = str((result.get("metadata") or {}).get("key") or "")
        if key:
            yield key, _outcome(result, model, headers, trust)


def _outcome(result: Mapping[str, Any], model: str, headers: Mapping[str, str], trust: bool) -> Outcome:
    from gemini_mcp.gemini.wire import read_answer

    if "response" not in result:
        return _failure(result.get("error") or {})
    try:
        return read_answer(json.dumps(result["response"]), _as_batch(headers), model, trust_simulated=trust)
    except UpstreamError as error:  # blocked, or of a form we do not know
        return error


def _as_batch(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()} | {"x-gemini-service-tier": "batch"}


def _failure(error: Mapping[str, Any]) -> UpstreamError:
    said = " ".join(str(error.get("message") or "no reason given").split())[:_MOST_SAID]
    kind = _RPC_ERRORS.get(int(error.get("code") or 0), UpstreamUnavailable)
    return kind(f"Gemini could not answer it in the batch: {said}", "Ask again without batch.")


def _charged(stats: Any) -> bool | None:
    """Only requests that were answered are billed."""
    if not isinstance(stats, dict) or "requestCount" not in stats:
        return None
    return int(stats.get("successfulRequestCount") or 0) > 0
