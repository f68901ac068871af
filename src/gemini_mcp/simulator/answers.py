"""Answers worked out from the request alone: the same request gives the same answer, and none is a judgement."""

import json
import re
from functools import lru_cache
from typing import Any

from gemini_mcp.simulator.arithmetic import Number, posed
from gemini_mcp.simulator.claims import summary_by_claims
from gemini_mcp.simulator.code_answers import python_module, unified_diff
from gemini_mcp.simulator.material import media_facts, without_names
from gemini_mcp.simulator.merging import merged_claims
from gemini_mcp.simulator.refusals import Refusal
from gemini_mcp.simulator.remembered import Remembered, digest
from gemini_mcp.simulator.reviews import computed_review, undecided
from gemini_mcp.simulator.schema_forms import Form, form_of
from gemini_mcp.simulator.schema_instance import smallest
from gemini_mcp.simulator.shown import instruction, shown_files, untagged
from gemini_mcp.simulator.summary import key_sentences, ranked, sentences, shortened, summary
from gemini_mcp.simulator.wire import GenerateRequest

LABEL = "[simulated] "

_VERB = r"\b(?:return|answer|give|reply|respond|output|produce|generate|write|create|implement)\b[^.\n]{0,80}\b"
_DIFF = re.compile(rf"```diff|{_VERB}(?:diff|patch)\b", re.IGNORECASE)
_DIFF_RULE = re.compile(r"\bunified[ -]diff\b", re.IGNORECASE)
_PYTHON = re.compile(
    rf"```python|\bfenced python\b|\bonly python\b|\bpython (?:code )?only\b|{_VERB}python\b", re.IGNORECASE
)
_PYTHON_RULE = re.compile(r"\bpython (?:code|source)\b", re.IGNORECASE)
_FENCED = re.compile(r"```(?:python|diff)|(?<!no )(?<!out )\bfenced\b", re.IGNORECASE)
_UNFENCED = re.compile(r"\b(?:no|not|never|without|don't)\b[^.\n]{0,40}(?:fence|```)", re.IGNORECASE)
_SUMMARY = re.compile(r"\bsummar(?:y|ies|i[sz]e[ds]?|i[sz]ing)\b|\btl;?dr\b|\bkey points\b|\bcondense\b", re.IGNORECASE)
_REMEMBERED_CHARS = 20_000
_WORKED_OUT: Remembered[str] = Remembered(1_024)


def answer(request: GenerateRequest) -> str:
    """Text of the answer; prose begins with ``[simulated]``, JSON, Python and diffs do not."""
    schema, mime = request.settings.schema, request.settings.mime
    if schema is not None:
        return _structured(request)
    if mime == "application/json":
        return json.dumps({"answer": _prose(request).removeprefix(LABEL)}, ensure_ascii=False)
    return _prose(request)


def _structured(request: GenerateRequest) -> str:
    """Raises Refusal (400) for what is no schema."""
    form = form_of(request.settings.schema)
    if form:
        key = (form, digest(request.asked), *(blob.digest for blob in request.blobs))
        return _WORKED_OUT.get(key, lambda: json.dumps(_worked_out(form, request), ensure_ascii=False))
    asked = request.asked
    try:
        value = smallest(request.settings.schema, _extracts(request), posed(instruction(asked)))
    except (AttributeError, KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise Refusal(400, f"Invalid response schema: {error}") from None
    plain = request.settings.mime == "text/x.enum" and isinstance(value, str)
    return str(value) if plain else json.dumps(value, ensure_ascii=False)


def _worked_out(form: Form, request: GenerateRequest) -> dict[str, Any]:
    if form == "claims":
        return summary_by_claims(request.asked, request.pieces)
    if form == "merge":
        return merged_claims(request.asked)
    return computed_review(request.asked) if form == "findings" else undecided(request.asked)


def _extracts(request: GenerateRequest) -> list[str]:
    """What is known of the media, then sentences of the material."""
    if facts := media_facts(request.pieces):
        return facts
    loose = "\n\n".join(file.text for file in shown_files(request.asked)) or request.asked
    return [shortened(each.text, 160) for each in key_sentences(loose, 8)]


def _prose(request: GenerateRequest) -> str:
    facts = "\n".join(media_facts(request.pieces))
    asked = without_names(request.pieces) if facts else request.asked
    size = len(request.system) + len(asked)
    compute = _remembered if size < _REMEMBERED_CHARS else _computed
    return compute(request.system, asked, facts)


def _computed(system: str, asked: str, facts: str) -> str:
    files, rules, task = shown_files(asked), untagged(system), instruction(asked)
    wanted, value = _form(rules, task), posed(task)
    if wanted == "diff":
        return _fenced(f"{rules}\n{task}", wanted, unified_diff(files, _first_extract(asked)))
    if wanted == "python":
        module = python_module(task, _first_extract(task), _returned(value, asked))
        return _fenced(f"{rules}\n{task}", wanted, module)
    if value is not None:
        return f"{LABEL}{value}"
    if facts and not files:
        return f"{LABEL}{facts}\nWhat is to be seen there, and the answer to the question, need a real model."
    if wanted == "summary":
        return f"{LABEL}{summary(files, _without_request(task)) or 'There is no text to summarise.'}"
    return LABEL + _described(asked, facts)


def _form(rules: str, task: str) -> str:
    """What a free-text answer is to be. A mention is enough in the rules; in the task it may be the material's name."""
    both = f"{rules}\n{task}"
    if _mentions(both, "diff", "patch") and (_DIFF_RULE.search(rules) or _DIFF.search(both)):
        return "diff"
    if _mentions(both, "python") and (_PYTHON_RULE.search(rules) or _PYTHON.search(rules) or _asks_python(task)):
        return "python"
    return "summary" if _SUMMARY.search(both) else "prose"


def _mentions(text: str, *words: str) -> bool:
    """A quick look, to spare most prompts the patterns."""
    lower = text.lower()
    return any(word in lower for word in words)


def _asks_python(task: str) -> bool:
    return bool(_PYTHON.search(task)) and not _SUMMARY.search(task)


_remembered = lru_cache(maxsize=1_024)(_computed)


def _returned(value: Number | None, asked: str) -> Number:
    return len(asked.split()) if value is None else value


def _fenced(wanted: str, language: str, text: str) -> str:
    """In a fence only when the instructions speak of one and do not forbid it."""
    if _FENCED.search(wanted) and not _UNFENCED.search(wanted):
        return f"```{language}\n{text}```"
    return text


def _first_extract(text: str) -> str:
    found = key_sentences(text, 1)
    return found[0].text if found else "nothing was asked"


def _without_request(task: str) -> str:
    """Loose material: what is asked is the sentence that says so, unless nothing else is there."""
    kept = " ".join(each.text for each in sentences(task) if not _SUMMARY.search(each.text))
    return kept or task


def _described(asked: str, facts: str) -> str:
    media = f" With it comes {facts.replace(chr(10), '; ')}." if facts else ""
    found = sentences(asked)
    count, key = len(found), "".join(shortened(each.text, 160).rstrip(".") for each in ranked(found, 1))
    return (
        f"The prompt holds {len(asked.split())} words in {count} sentence{'' if count == 1 else 's'}, the key one "
        f'being "{key}".{media} A judgement needs a real model.'
    )
