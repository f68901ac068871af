"""What a caller may choose from, in the words of the contract. Importing it costs nothing."""

from typing import Literal

Expect = Literal["text", "markdown", "json", "python", "diff"]
Length = Literal["brief", "standard", "detailed"]
Severity = Literal["critical", "high", "medium", "low"]
Category = Literal["bug", "security", "performance", "concurrency", "tests", "style"]
Detail = Literal["low", "medium", "high"]
Scope = Literal["session", "today", "week", "all"]
