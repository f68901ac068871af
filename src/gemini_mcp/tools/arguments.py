"""What the tools are told to be and what they take: all that the handshake needs of them."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from gemini_mcp.domain.choices import Category, Detail, Expect, Length, Scope, Severity

DELEGATE_TASK = (
    "Hand a self-contained task to a Gemini model: cheap, fast, 1M-token context. Starts on the cheapest tier, checks"
    " the answer and climbs only if the check fails. Name `files` instead of pasting them: they are read here and cost"
    " you no context. The last block is the receipt (model, tokens, cost, result id)."
)
SUMMARIZE_DOCS = (
    "Summarize documents without reading them yourself: Markdown, text, code, HTML, PDF, DOCX, PPTX, XLSX; hundreds of"
    " files or a 1,500-page PDF. Each claim carries its source, and its quote was found there."
)
ANALYZE_IMAGE = (
    "Ask a Gemini model about images: screenshots, photos, charts, scans (PNG, JPEG, WebP, GIF, HEIC). Metadata such as"
    " GPS stays here. Several images may be compared in one question."
)
REVIEW_CODE = (
    "A first review of files, a diff or a git range. Every finding's quote is looked up in the code and a second model"
    " tries to refute it; what falls is counted in `dropped`. Verify what is left before you act on it."
)
USAGE_REPORT = (
    "What Gemini has cost: tokens and USD by model and tool, savings, cache hits. Costs nothing. What is left out is 0;"
    " null is unknown. usage://session says how savings are worked out."
)


class DelegateTask(BaseModel):
    """The tool's arguments."""

    model_config = ConfigDict(extra="forbid")

    task: Annotated[
        str, Field(description="What to do, complete in itself: the model sees nothing else of your conversation")
    ]
    context: Annotated[str, Field(description="Background it needs")] = ""
    files: Annotated[
        list[str], Field(description="Text, PDF and Office files, folders, globs, https URLs; !tests/ leaves out")
    ] = []
    tier: Annotated[
        str, Field(description="auto, or where to start: lite, flash, pro; or a model id, then that model only")
    ] = "auto"
    expect: Annotated[Expect, Field(description="Form of the answer; checked")] = "text"
    output_schema: Annotated[dict[str, Any] | None, Field(description="JSON Schema the answer must fit")] = None
    web_search: Annotated[bool, Field(description="Let it search the web")] = False
    follow_up_to: Annotated[str, Field(description="Id of an earlier result")] = ""
    feedback: Annotated[
        str, Field(description="Why that result is wrong (a failed test, say): the task climbs a tier")
    ] = ""
    max_cost_usd: Annotated[float | None, Field(description="Cap for all attempts of this call")] = None
    fresh: Annotated[bool, Field(description="Do not answer from the cache")] = False
    batch: Annotated[bool, Field(description="Half price, within 24 h; read results://{id} later")] = False


class SummarizeDocs(BaseModel):
    """The tool's arguments."""

    model_config = ConfigDict(extra="forbid")

    sources: Annotated[
        list[str],
        Field(
            description="Paths, folders, globs, https URLs; of a PDF some pages: a.pdf#pages=3-7; !tests/ leaves out"
        ),
    ]
    focus: Annotated[str, Field(description="What the reader wants to know")] = ""
    length: Annotated[Length, Field(description="6, 15 or 40 claims or so")] = "standard"
    tier: Annotated[str, Field(description="As for delegate_task")] = "auto"
    max_cost_usd: Annotated[float | None, Field(description="Cap for this call")] = None
    fresh: Annotated[bool, Field(description="Do not answer from the cache")] = False
    batch: Annotated[bool, Field(description="As for delegate_task")] = False


class AnalyzeImage(BaseModel):
    """The tool's arguments."""

    model_config = ConfigDict(extra="forbid")

    images: Annotated[list[str], Field(description="Paths in the project, or https URLs")]
    question: Annotated[str, Field(description="What to find out")]
    output_schema: Annotated[dict[str, Any] | None, Field(description="JSON Schema the answer must fit")] = None
    detail: Annotated[Detail, Field(description="high for small print")] = "medium"
    tier: Annotated[str, Field(description="As for delegate_task")] = "auto"
    max_cost_usd: Annotated[float | None, Field(description="Cap for this call")] = None
    fresh: Annotated[bool, Field(description="Do not answer from the cache")] = False


class ReviewCode(BaseModel):
    """The tool's arguments."""

    model_config = ConfigDict(extra="forbid")

    paths: Annotated[
        list[str], Field(description="Files, folders or globs, !tests/ leaves out; with git_range only these of it")
    ] = []
    diff: Annotated[str, Field(description="A unified diff")] = ""
    git_range: Annotated[str, Field(description="staged, working, a...b, a..b or a commit")] = ""
    focus: Annotated[list[Category], Field(description="Only these; empty for all")] = []
    min_severity: Annotated[Severity, Field(description="Leave out what is less grave")] = "low"
    tier: Annotated[str, Field(description="As for delegate_task")] = "auto"
    max_cost_usd: Annotated[float | None, Field(description="Cap for this call")] = None
    fresh: Annotated[bool, Field(description="Do not answer from the cache")] = False


class UsageReport(BaseModel):
    """The tool's arguments."""

    model_config = ConfigDict(extra="forbid")

    scope: Annotated[Scope, Field(description="session, today, the last 7 days, or 30 days and sessions")] = "session"
