"""What a rule does: to the answer itself (a Script), or to the reply that carries it."""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from gemini_mcp.simulator.faults import STATUSES, Rule
from gemini_mcp.simulator.refusals import Refusal, model_not_found, quota_exhausted, unauthenticated
from gemini_mcp.simulator.reply import FOR_EVER, Reply

Produce = Callable[[], Reply]
"""Makes, and bills, the reply there would be without the fault."""

_QUOTA_ID = "GenerateRequestsPerMinutePerProjectPerModel"
_PADDING = b"\n" * 1_048_576
_PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Sign in to the network.</body></html>\n"


@dataclass(frozen=True, slots=True)
class Script:
    """What is fixed about an answer; None or False leaves it to be computed."""

    text: str | None = None
    thinking_tokens: int | None = None
    finish_reason: str | None = None
    avg_logprobs: float | None = None
    served_by: str | None = None
    block_reason: str | None = None
    content: str = "text"
    thinks_it_all: bool = False
    without_usage: bool = False
    interrupted: bool = False


FREE = Script()


def script(rule: Rule | None) -> Script:
    """How ``rule`` changes the answer; nothing, for rules that change the reply around it."""
    return _SCRIPTS[rule.do](rule.options) if rule is not None and rule.do in _SCRIPTS else FREE


def _answer(options: Mapping[str, Any]) -> Script:
    return Script(**options)


_SCRIPTS: dict[str, Callable[[Mapping[str, Any]], Script]] = {
    "answer": _answer,
    "reroute": lambda options: Script(served_by=options["to"]),
    "blocked": lambda options: Script(block_reason=options.get("reason", "SAFETY")),
    "safety": lambda options: Script(finish_reason=options.get("finish_reason", "SAFETY"), content="none"),
    "max_tokens_empty": lambda _: Script(finish_reason="MAX_TOKENS", content="role", thinks_it_all=True),
    "no_text": lambda _: Script(finish_reason="STOP", content="empty"),
    "no_usage": lambda _: Script(without_usage=True),
    "continuation": lambda _: Script(interrupted=True),
}


def refusal(rule: Rule, model: str, version: str, method: str) -> Refusal | None:
    """The error a rule answers with, None when it answers with something else."""
    message = rule.options.get("message", "")
    if rule.do == "429":
        return _quota(rule.options, model)
    if rule.do == "401":
        return unauthenticated(message)
    if rule.do == "404" and model and not message:
        return model_not_found(model, version, method)
    return Refusal(int(rule.do), message) if rule.do in STATUSES else None


def _quota(options: Mapping[str, Any], model: str) -> Refusal:
    after = options.get("retry_after")
    headers = () if after is None else ((b"retry-after", str(after).encode()),)
    delay_s = options.get("retry_delay_s", 53)
    return quota_exhausted(model, delay_s, options.get("quota_id", _QUOTA_ID), options.get("message", ""), headers)


def under(rule: Rule | None, produce: Produce) -> Reply:
    """The reply under a rule that has no refusal."""
    if rule is None or rule.do not in _REPLIES:
        return produce()
    return _REPLIES[rule.do](rule.options, produce)


def _delay(options: Mapping[str, Any], produce: Produce) -> Reply:
    return replace(produce(), wait_s=float(options["seconds"]))


def _hang(options: Mapping[str, Any], produce: Produce) -> Reply:
    return replace(produce(), wait_s=float(options.get("seconds", FOR_EVER)), hang_up=True)


def _disconnect(_: Mapping[str, Any], produce: Produce) -> Reply:
    return replace(produce(), hang_up=True)


def _drip(options: Mapping[str, Any], produce: Produce) -> Reply:
    return replace(produce(), drip=(options.get("bytes", 1), float(options.get("interval_s", 0.05))))


def _malformed(_: Mapping[str, Any], produce: Produce) -> Reply:
    reply = produce()
    *whole, last = reply.chunks
    return replace(reply, chunks=(*whole, last[: len(last) // 2]))


def _empty_body(_: Mapping[str, Any], produce: Produce) -> Reply:
    return replace(produce(), chunks=())


def _oversize(options: Mapping[str, Any], produce: Produce) -> Reply:
    reply = produce()
    return replace(reply, chunks=(*_padding(options["bytes"]), *reply.chunks))


def _gzip_bomb(options: Mapping[str, Any], produce: Produce) -> Reply:
    reply = produce()
    headers = (*reply.headers, (b"content-encoding", b"gzip"))
    return replace(reply, chunks=(_gzipped(options["bytes"], b"".join(reply.chunks)),), headers=headers)


def _padding(size: int) -> tuple[bytes, ...]:
    """White space that JSON and server-sent events both allow: one block, many times, so that it takes no memory."""
    whole, rest = divmod(size, len(_PADDING))
    return (_PADDING,) * whole + (_PADDING[:rest],)


@lru_cache(maxsize=2)
def _padding_gzipped(size: int) -> tuple["zlib._Compress", bytes]:
    """The compressor after the padding, to be copied, so that a second bomb costs nothing; and what it wrote."""
    packer = zlib.compressobj(wbits=31)
    return packer, b"".join(packer.compress(block) for block in _padding(size))


def _gzipped(size: int, body: bytes) -> bytes:
    packer, packed = _padding_gzipped(size)
    tail = packer.copy()
    return packed + tail.compress(body) + tail.flush()


def _html(options: Mapping[str, Any], _: Produce) -> Reply:
    return Reply((_PAGE,), status=options.get("status", 200), content_type=b"text/html; charset=utf-8")


def _redirect(options: Mapping[str, Any], _: Produce) -> Reply:
    return Reply(status=options.get("status", 302), headers=((b"location", options["location"].encode()),))


_REPLIES: dict[str, Callable[[Mapping[str, Any], Produce], Reply]] = {
    "delay": _delay,
    "hang": _hang,
    "drip": _drip,
    "disconnect": _disconnect,
    "malformed": _malformed,
    "empty_body": _empty_body,
    "oversize": _oversize,
    "gzip_bomb": _gzip_bomb,
    "html": _html,
    "redirect": _redirect,
}
