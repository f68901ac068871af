"""Canaries, made anew for each run, in every kind of material and every tool: not one byte of them goes upstream."""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gemini_mcp.domain.errors import AgentError
from gemini_mcp.engine.ports import silent
from gemini_mcp.tools.analyze_image import analyze_image
from gemini_mcp.tools.arguments import AnalyzeImage, DelegateTask, ReviewCode, SummarizeDocs
from gemini_mcp.tools.delegate_task import delegate_task
from gemini_mcp.tools.review_code import review_code
from gemini_mcp.tools.summarize_docs import summarize_docs
from tests.sources.canaries import SHAPED, Mint
from tests.sources.made import docx, paragraph, pdf

from .conftest import ME, Office, Open


def in_a_document(name: str, text: str, folder: Path) -> str:
    """The text in a file of that kind; the file's name."""
    lines = text.splitlines() or [text]
    match name:
        case "pdf":
            (folder / "a.pdf").write_bytes(pdf([text]))
        case "docx":
            (folder / "a.docx").write_bytes(docx("".join(paragraph(line) for line in lines)))
        case "ipynb":
            cell = {"cell_type": "code", "metadata": {}, "outputs": [], "source": text.splitlines(keepends=True)}
            (folder / "a.ipynb").write_text(json.dumps({"cells": [cell], "nbformat": 4, "nbformat_minor": 5}))
        case "html":
            body = "".join(f"<p>{line.replace('&', '&amp;').replace('<', '&lt;')}</p>" for line in lines)
            (folder / "a.html").write_text(f"<html><body><article><h1>Notes</h1>{body}</article></body></html>")
        case _:
            (folder / f"a.{name}").write_text(text)
    return f"a.{name}"


@dataclass(frozen=True)
class Planted:
    """A line, and the secret in it."""

    kind: str
    value: str
    text: str


def simple() -> Iterator[Planted]:
    """A token of every kind that its own shape gives away, new for each run."""
    mint = Mint(secrets.randbits(32))
    for kind, made in SHAPED.items():
        value = made(mint)
        if "\n" not in value and len(value) < 90:
            yield Planted(kind, value, f'item = "{value}"')


def upstream(office: Office) -> str:
    return json.dumps([entry.as_json() for entry in office.simulator.log.entries()])


async def call(office: Office, tool: str, **arguments: Any) -> None:
    match tool:
        case "delegate_task":
            await delegate_task(DelegateTask(**arguments), ME, silent, office.services)
        case "summarize_docs":
            await summarize_docs(SummarizeDocs(**arguments), ME, silent, office.services)
        case "review_code":
            await review_code(ReviewCode(**arguments), ME, silent, office.services)


@pytest.mark.parametrize("kind", ["py", "json", "yaml", "md", "ipynb", "html", "docx", "pdf"])
async def test_a_secret_in_a_file_is_refused_by_place_and_kind(office: Open, tmp_path: Path, kind: str) -> None:
    open_office = await office()
    tried = 0
    for canary in simple():
        name = in_a_document(kind, canary.text, open_office.project)
        for tool, arguments in (
            ("summarize_docs", {"sources": [name]}),
            ("delegate_task", {"task": "x", "files": [name]}),
        ):
            with pytest.raises(AgentError) as refusal:
                await call(open_office, tool, **arguments)
            assert refusal.value.code == "secret_found", (canary.kind, tool)
            assert canary.value not in str(refusal.value) and name in str(refusal.value)
        tried += 1
        if tried == (20 if kind in ("py", "json", "yaml", "md") else 6):
            break
    assert tried >= 6 and open_office.asked == []


async def test_a_secret_in_a_diff_is_refused(office: Open) -> None:
    open_office = await office()
    tried = 0
    for canary in simple():
        diff = f"--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,3 @@\n a = 1\n+{canary.text}\n b = 2\n"
        with pytest.raises(AgentError) as refusal:
            await call(open_office, "review_code", diff=diff)
        assert refusal.value.code == "secret_found" and "x.py" in str(refusal.value) and "line 2" in str(refusal.value)
        assert canary.value not in str(refusal.value)
        tried += 1
    assert tried >= 20 and open_office.asked == []


@pytest.mark.parametrize("argument", ["task", "context", "feedback", "output_schema"])
async def test_a_secret_in_the_caller_s_own_words_is_refused(office: Open, argument: str) -> None:
    open_office = await office()
    canary = next(simple())
    value: Any = canary.text if argument != "output_schema" else {"type": "object", "description": canary.text}
    earlier = {"follow_up_to": "r_01"} if argument == "feedback" else {}
    with pytest.raises(AgentError) as refusal:
        await call(open_office, "delegate_task", **({"task": "Explain."} | earlier | {argument: value}))
    assert refusal.value.code == "secret_found" and argument in str(refusal.value) and open_office.asked == []


async def test_a_secret_in_a_question_s_schema_is_refused(office: Open) -> None:
    open_office = await office()
    schema = {"type": "object", "description": next(simple()).text}
    arguments = AnalyzeImage(images=["x.png"], question="What is it?", output_schema=schema)
    with pytest.raises(AgentError) as refusal:
        await analyze_image(arguments, ME, silent, open_office.services)
    assert refusal.value.code == "secret_found" and open_office.asked == []


async def test_a_secret_in_a_file_s_name_is_refused(office: Open) -> None:
    open_office = await office()
    canary = next(canary for canary in simple() if canary.value.replace("-", "_").isidentifier())
    name = f"{canary.value}.md"
    (open_office.project / name).write_text("The moon circles the earth.")
    change = f"--- a/{name}\n+++ b/{name}\n@@ -1 +1 @@\n-The moon.\n+The moon circles the earth.\n"
    for tool, arguments in (
        ("summarize_docs", {"sources": [name]}),
        ("delegate_task", {"task": "x", "files": ["*.md"]}),
        ("review_code", {"paths": [name]}),
        ("review_code", {"diff": change}),
    ):
        with pytest.raises(AgentError) as refusal:
            await call(open_office, tool, **arguments)
        assert refusal.value.code == "secret_found" and canary.value not in str(refusal.value), tool
    assert open_office.asked == []


async def test_a_redacted_schema_is_a_schema_still(office: Open) -> None:
    open_office = await office(GEMINI_AGENTS_SECRETS="redact")
    canary = next(simple())
    schema = {"type": "object", "description": f'say "{canary.value}"', "properties": {"a": {"type": "string"}}}
    await call(open_office, "delegate_task", task=f"Explain {canary.value}.", output_schema=schema)
    sent = upstream(open_office)
    assert canary.value not in sent and "REDACTED" in sent


@pytest.mark.parametrize("kind", ["py", "pdf", "docx"])
async def test_redaction_sends_the_rest_and_says_so(office: Open, kind: str) -> None:
    open_office = await office(GEMINI_AGENTS_SECRETS="redact")
    for number, canary in enumerate(simple()):
        name = in_a_document(kind, f"The harbour has {number} piers.\n{canary.text}\n", open_office.project)
        given = await summarize_docs(SummarizeDocs(sources=[name]), ME, silent, open_office.services)
        assert "redacted" in given.receipt_line, canary.kind
        if number == 5:
            break
        sent = upstream(open_office)
        assert canary.value not in sent and "REDACTED" in sent and f"{number} piers" in sent


async def test_only_the_user_s_configuration_allows_a_secret(office: Open) -> None:
    open_office = await office(GEMINI_AGENTS_SECRETS="allow")
    canary = next(simple())
    name = in_a_document("md", canary.text, open_office.project)
    given = await summarize_docs(SummarizeDocs(sources=[name]), ME, silent, open_office.services)
    assert "allow" in given.receipt_line and canary.value in json.loads(json.dumps(upstream(open_office)))
