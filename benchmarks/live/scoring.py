"""Grading answers: pure functions from a text to a Score. Code alone is graded elsewhere, by running it."""

import json
import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.live.task import Score

NOT_THERE = "NOT IN THE MATERIAL"
"""What a grounded question asks for when its material does not hold the answer."""

_MOST_CLOSED = 25
"""Words of a closed answer. What takes more does not answer what was asked."""

_NOT_THERE = re.compile(
    r"\bnot (?:in|found in|stated|mentioned|given|specified|provided|said|contained|recorded|included)\b"
    r"|\b(?:does|do|did)(?: not|n't) (?:say|state|mention|give|specify|tell|contain|include|provide|record|name)\b"
    r"|\bno (?:information|mention|answer)\b|\b(?:cannot|can't|can not) be (?:found|determined|answered)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\w.,])[-+]?\d+(?:[.,:]\d+)*|(?<=[A-Za-z$€£-])\d+(?:[.,:]\d+)*")
_CITED = re.compile(r"\[[^\[\]\n]*?(?::\d+(?:-\d+)?|\bp\. \d+[^\[\]\n]*)\]")
_LISTED = re.compile(r"^\s*\d+[.)]\s+", re.MULTILINE)
_SENTENCE = re.compile(r"\n+|(?<=[.!?;])\s+")


def plain(text: str) -> str:
    """Small letters and digits, each run of anything else one space."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    return " ".join(re.findall(r"[^\W_]+", re.sub(r"(?<=\d),(?=\d{3}\b)", "", folded)))


def numbers(text: str) -> list[str]:
    """The numbers in a text, thousands without commas, and no zeros that say nothing: 1,200.50 is 1200.5."""
    return [_number(found.group()) for found in _NUMBER.finditer(text)]


def _number(found: str) -> str:
    text = re.sub(r",(?=\d{3}(?:\D|$))", "", found.lstrip("+"))
    if re.fullmatch(r"-?\d+\.\d+", text):
        text = text.rstrip("0").rstrip(".")
    return re.sub(r"^(-?)0+(?=\d)", r"\1", text)


# ----------------------------------------------------------------------------------------------- extraction to a schema


def extracted(text: str, truth: Any) -> Score:
    """All of it or nothing: a record with one wrong value is a wrong record."""
    try:
        got = json.loads(text)
    except (ValueError, RecursionError):
        return Score(0.0)
    return Score(float(_equal(truth, got)), canonical(got))


def canonical(value: Any) -> str:
    """The same text for records that mean the same."""
    return json.dumps(_folded(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _folded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _folded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_folded(each) for each in value]
    if isinstance(value, str):
        return " ".join(value.casefold().split()).strip(" .")
    if isinstance(value, float) and math.isfinite(value):
        return int(value) if value == int(value) else round(value, 4)
    return value


def _equal(truth: Any, got: Any) -> bool:
    return canonical(truth) == canonical(got)


# ------------------------------------------------------------------------------------------------- grounded questions


@dataclass(frozen=True, slots=True)
class Key:
    """What a closed question takes for right: any of ``accepted``; none of ``rivals`` may stand beside it.

    No accepted answer: the right one is to say that it is not in the material.
    """

    accepted: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()

    @property
    def gold(self) -> str:
        return self.accepted[0] if self.accepted else NOT_THERE


def grounded(text: str, key: Key, question: str) -> Score:
    """The answer in few words, with no other number or rival in it; or that there is none."""
    closed = closed_answer(text)
    if len(closed.split()) > _MOST_CLOSED or not closed:
        return Score(0.0, closed or None)
    silent = says_not_there(text)
    if not key.accepted:
        return Score(float(silent), closed)
    return Score(float(not silent and _names(text, key, question)), closed)


def says_not_there(text: str) -> bool:
    return _NOT_THERE.search(text.replace("\u2019", "'")) is not None


def closed_answer(text: str) -> str:
    """A short answer without what does not matter: case, marks, articles."""
    if says_not_there(text):
        return plain(NOT_THERE)
    return " ".join(word for word in plain(text).split() if word not in ("the", "a", "an"))


def _names(text: str, key: Key, question: str) -> bool:
    said = f" {plain(text)} "
    found = any(f" {plain(form)} " in said for form in key.accepted)
    known = {n for given in (*key.accepted, question) for n in numbers(given)}
    strange = [n for n in numbers(text) if n not in known]
    return found and not strange and not any(f" {plain(rival)} " in said for rival in key.rivals)


# ---------------------------------------------------------------------------------------------------------- summaries


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact is told when one sentence has, of each of ``needs``, one of its wordings."""

    needs: tuple[tuple[str, ...], ...]


def fact(*needs: str | tuple[str, ...]) -> Fact:
    return Fact(tuple((need,) if isinstance(need, str) else need for need in needs))


def summarised(text: str, facts: Sequence[Fact], source: str) -> Score:
    """The share of the facts that are told, less as many again as there are numbers that the source does not have."""
    told = sum(_told(each, text) for each in facts)
    return Score(max(0, told - len(invented(text, source))) / len(facts))


def invented(text: str, source: str) -> list[str]:
    """Numbers of the summary that are not in its source. Citations, headings and list numbers are none of its own."""
    known = set(numbers(source))
    return [n for n in dict.fromkeys(numbers(" ".join(sentences(text)))) if n not in known]


def sentences(text: str) -> Iterator[str]:
    """The summary's own, without citations, its headings, and the product's notes after the last rule."""
    body = text.partition("\n---\n")[0]
    for line in _LISTED.sub("", _CITED.sub("", body)).splitlines():
        if not line.startswith("#"):
            yield from filter(None, _SENTENCE.split(line))


def _told(wanted: Fact, text: str) -> bool:
    return any(all(any(_has(said, form) for form in need) for need in wanted.needs) for said in sentences(text))


def _has(said: str, form: str) -> bool:
    """A number as a number, words as words."""
    if re.fullmatch(r"[-\d.,:]+", form):
        return _number(form) in numbers(said)
    return f" {plain(form)}" in f" {plain(said)} "


# ------------------------------------------------------------------------------------------------------------- images


def one_number(text: str, truth: int) -> Score:
    """The one number that the answer has."""
    found = list(dict.fromkeys(numbers(text)))
    closed = found[0] if len(found) == 1 else None
    return Score(float(closed == str(truth)), closed)


def reading(text: str, truth: str) -> Score:
    """What was read, letter by letter; only spaces and marks around it do not matter."""
    closed = re.sub(r"\s+", "", text).strip("`'\"*.:,").upper()
    return Score(float(closed == re.sub(r"\s+", "", truth).upper()), closed or None)


def one_of(text: str, truth: str, choices: Sequence[str]) -> Score:
    """The one choice that the answer names."""
    said = f" {plain(text)} "
    named = [choice for choice in choices if f" {plain(choice)} " in said]
    closed = plain(named[0]) if len(named) == 1 else None
    return Score(float(closed == plain(truth)), closed)


# --------------------------------------------------------------------------------------------------------- uncertainty

_UNSURE = re.compile(
    r"\b(?:i(?:'m| am) not (?:sure|certain)|(?:i(?:'m| am) )?unsure|uncertain|unclear|not clear|hard to (?:say|tell)"
    r"|i (?:think|believe|guess|assume)|might be|may be|could be|possibly|perhaps|probably|presumably|seems to be"
    r"|appears to be|approximately|as far as i can (?:see|tell)|cannot be (?:sure|certain)|best guess)\b",
    re.IGNORECASE,
)


def hedges(text: str) -> bool:
    """Whether the answer says that it is unsure. That the material does not say is no doubt, but an answer."""
    return _UNSURE.search(text.replace("\u2019", "'")) is not None
