"""Faults by rule. A file of them is a JSON list; of the rules that fit a request the first applies.

Every rule::

    {"do": what to do, required
     "model": name or glob of the model asked for, e.g. "gemini-*-pro*"
     "match": regular expression, searched in the system instruction and all text of the prompt
     "path": glob of the URL path, e.g. "/upload/*"; such a rule takes no model or match, and applies to any endpoint
     "times": how often the rule applies, then it is spent; without it, always
     "probability": 0 to 1, drawn from a generator seeded with "seed" (0)}

Without ``path`` a rule applies to generateContent, streamGenerateContent and the single requests of a batch (there,
only what can stand in an answer: the statuses and the actions marked *).

====================  ==========================================================================================
``do``                fields, and what happens
====================  ==========================================================================================
answer *              ``text``, ``thinking_tokens``, ``finish_reason``, ``avg_logprobs``: this answer, as it stands
reroute *             ``to``: that model serves: it is the ``modelVersion`` and its price is billed
blocked *             ``reason`` (SAFETY): promptFeedback.blockReason and no candidates; only input is billed
safety *              ``finish_reason`` (SAFETY): a candidate that ends so, without content
max_tokens_empty *    MAX_TOKENS and no text: thinking ate the budget
no_text *             STOP with empty parts
no_usage *            a good answer without usageMetadata
continuation *        half the answer, CONTINUATION and a token; a request with the token gets the rest
429                   ``retry_delay_s`` (53; null: no RetryInfo), ``quota_id``, ``retry_after`` (a header), ``message``
400 401 403 404       ``message``
500 502 503 504       ``message``
delay                 ``seconds``: then a normal answer
hang                  ``seconds``: then the connection is closed; without them nothing ever happens
drip                  ``interval_s`` (0.05), ``bytes`` (1): a 200 whose body trickles
malformed             a 200 whose JSON breaks off
empty_body            a 200 with no body
oversize              ``bytes``: a good answer behind so many bytes of white space
gzip_bomb             ``bytes``: the same, gzipped, whether or not the client accepts it
disconnect            the connection is closed without an answer
html                  ``status`` (200): a page of HTML, as from a proxy in between
redirect              ``location``, ``status`` (302)
====================  ==========================================================================================

The statuses, html and redirect bill nothing: the request never reached a model. All else is billed as if it had been
answered in full, however little of the answer arrived; that is what Google does.
"""

import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

_TEXT, _NUMBER, _COUNT = "a string", "a number, not negative", "a whole number, not negative"
_NUMBER_OR_NULL, _RETRY_AFTER = "a number, not negative, or null", "a string or a number, not negative"
_COMMON = {"do": _TEXT, "model": _TEXT, "match": _TEXT, "path": _TEXT, "times": _COUNT, "probability": _NUMBER}
_COMMON |= {"seed": _COUNT}
_MESSAGE = {"message": _TEXT}
STATUSES = frozenset(("400", "401", "403", "404", "429", "500", "502", "503", "504"))
SCRIPTED = frozenset(
    ("answer", "reroute", "blocked", "safety", "max_tokens_empty", "no_text", "no_usage", "continuation")
)
_FIELDS: dict[str, dict[str, str]] = {
    "answer": {"text": _TEXT, "thinking_tokens": _COUNT, "finish_reason": _TEXT, "avg_logprobs": "a number"},
    "reroute": {"to": _TEXT},
    "blocked": {"reason": _TEXT},
    "safety": {"finish_reason": _TEXT},
    "max_tokens_empty": {},
    "no_text": {},
    "no_usage": {},
    "continuation": {},
    **{status: _MESSAGE for status in STATUSES},
    "429": {"retry_delay_s": _NUMBER_OR_NULL, "quota_id": _TEXT, "retry_after": _RETRY_AFTER} | _MESSAGE,
    "delay": {"seconds": _NUMBER},
    "hang": {"seconds": _NUMBER},
    "drip": {"interval_s": _NUMBER, "bytes": _COUNT},
    "malformed": {},
    "empty_body": {},
    "oversize": {"bytes": _COUNT},
    "gzip_bomb": {"bytes": _COUNT},
    "disconnect": {},
    "html": {"status": _COUNT},
    "redirect": {"location": _TEXT, "status": _COUNT},
}
_REQUIRED = {
    "answer": ("text",),
    "reroute": ("to",),
    "delay": ("seconds",),
    "oversize": ("bytes",),
    "gzip_bomb": ("bytes",),
    "redirect": ("location",),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, checked. ``options`` are the fields of its action, as given."""

    index: int
    do: str
    model: str | None = None
    match: re.Pattern[str] | None = None
    path: str | None = None
    times: int | None = None
    probability: float = 1.0
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)

    def fits(self, model: str, text: str) -> bool:
        named = self.model is None or self.model == model or fnmatchcase(model, self.model)
        return self.path is None and named and (self.match is None or self.match.search(text) is not None)


def read_rules(file: Path) -> list[Any]:
    """The rules in a JSON file, unchecked. Raises ValueError that says what to mend."""
    try:
        rules = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"the file cannot be read ({error.strerror}). Name one that can.") from None
    except ValueError as error:
        raise ValueError(f"the file is not JSON ({error}). Write a JSON list of rules.") from None
    if not isinstance(rules, list):
        raise ValueError("the file holds no JSON list. Write [ ... ] around its rules.")
    return rules


def checked_rules(rules: Sequence[Any]) -> tuple[Rule, ...]:
    """Raises ValueError that names the rule by its index (from 0) and says what to mend."""
    return tuple(_checked(index, rule) for index, rule in enumerate(rules))


def _checked(index: int, rule: Any) -> Rule:
    if not isinstance(rule, Mapping):
        raise ValueError(f"rule {index} is not an object. Write {{...}}.")
    do = str(rule.get("do", ""))
    if do not in _FIELDS:
        raise ValueError(f"rule {index}: unknown do {do!r}. Use one of {', '.join(sorted(_FIELDS))}.")
    _check_fields(index, do, rule)
    options = {name: value for name, value in rule.items() if name in _FIELDS[do]}
    return Rule(
        index,
        do,
        rule.get("model"),
        _pattern(index, rule.get("match")),
        rule.get("path"),
        rule.get("times"),
        _probability(index, rule.get("probability", 1.0)),
        rule.get("seed", 0),
        options,
    )


def _check_fields(index: int, do: str, rule: Mapping[str, Any]) -> None:
    allowed = _COMMON | _FIELDS[do]
    for name, value in rule.items():
        if name not in allowed:
            raise ValueError(f"rule {index}: {do} has no field {name!r}. Use only {', '.join(sorted(allowed))}.")
        if name != "do" and not _is(allowed[name], value):
            raise ValueError(f"rule {index}: {name} is {value!r}. Make it {allowed[name]}.")
    for name in _REQUIRED.get(do, ()):
        if name not in rule:
            raise ValueError(f"rule {index}: {do} lacks {name}. Add it, {_FIELDS[do][name]}.")
    _check_path(index, do, rule)


def _check_path(index: int, do: str, rule: Mapping[str, Any]) -> None:
    if "path" in rule and ("model" in rule or "match" in rule):
        raise ValueError(f"rule {index}: path stands alone. Remove model and match, or path.")
    if "path" in rule and do in SCRIPTED:
        raise ValueError(f"rule {index}: {do} needs a prompt. Remove path, or use model and match.")
    if do in ("drip", "html", "redirect") and 0 in (rule.get("bytes"), rule.get("status")):
        raise ValueError(f"rule {index}: bytes and status cannot be 0. Use at least 1.")


def _is(kind: str, value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return {
        _TEXT: isinstance(value, str),
        "a number": number,
        _NUMBER: number and value >= 0,
        _COUNT: type(value) is int and value >= 0,
        _NUMBER_OR_NULL: value is None or (number and value >= 0),
        _RETRY_AFTER: isinstance(value, str) or (number and value >= 0),
    }[kind]


def _pattern(index: int, match: str | None) -> re.Pattern[str] | None:
    try:
        return None if match is None else re.compile(match)
    except re.error as error:
        raise ValueError(f"rule {index}: match {match!r} is no pattern ({error}). Mend or escape it.") from None


def _probability(index: int, value: float) -> float:
    if value > 1:
        raise ValueError(f"rule {index}: probability is {value}. Make it a number from 0 to 1.")
    return float(value)


class Faults:
    """The rules, and how often each has applied."""

    def __init__(self, rules: Sequence[Any] = ()) -> None:
        """Raises ValueError for a bad rule."""
        self.rules = checked_rules(rules)
        self.clear()

    def clear(self) -> None:
        """As if nothing had been asked yet."""
        self._left = [rule.times for rule in self.rules]
        self._dice = [random.Random(rule.seed) for rule in self.rules]

    def for_prompt(self, model: str, text: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.fits(model, text) and self._applies(rule)), None)

    def for_path(self, path: str) -> Rule | None:
        rules = (rule for rule in self.rules if rule.path is not None and fnmatchcase(path, rule.path))
        return next(filter(self._applies, rules), None)

    def _applies(self, rule: Rule) -> bool:
        left = self._left[rule.index]
        if left == 0 or (rule.probability < 1 and self._dice[rule.index].random() >= rule.probability):
            return False
        self._left[rule.index] = None if left is None else left - 1
        return True
