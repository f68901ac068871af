"""Citations that are not an answer's own word on a file: told in the task, of a file that is to be made, a port."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from gemini_mcp.domain.task import Task
from gemini_mcp.engine.checking.prose import material

_ADVISING = re.compile(
    r"\b(?:should|would|could|add|adding|create|creating|new|propos\w+|suggest\w*|recommend\w*|plan|missing|extend"
    r"|introduce|implement\w*|refactor\w*|improve\w*|restructur\w+|split|where to|write)\b",
    re.IGNORECASE,
)
_MAKING = re.compile(
    r"\b(?:add|adding|creat(?:e|es|ing)|put|introduc(?:e|es|ing)|extract|mov(?:e|ing)|plac(?:e|ing)|writ(?:e|ing)"
    r"|generat(?:e|es|ing)|renam(?:e|ing)|split|belongs|new (?:\w+ )?(?:files?|modules?|tests?|class|scripts?)"
    r"|(?:would|should|could) (?:go|be|have|hold|live)"
    r"|does(?: not|n't) exist)\b",
    re.IGNORECASE,
)
"""Beside the name of a file: it is one that is to be, or that is not there."""

_SERVING = re.compile(
    r"\b(?:ports?|listen\w*|serv(?:e|es|ed|er|ers|ing)|hosts?|bind\w*|bound|sockets?|address\w*|runs on)\b",
    re.IGNORECASE,
)
_PORTS: Final = frozenset((80, 443, 3000, 3306, 5000, 5432, 6379, 8000, 8080, 8443, 8888, 9000, 9090, 27017))
_MOST_ASKED: Final = 20_000


@dataclass(frozen=True, slots=True)
class Citation:
    """``line`` and ``page`` are 0 where they are not given; ``written`` as it stands in the answer, ``around`` it the
    rest of its line."""

    written: str
    name: str
    line: int = 0
    page: int = 0
    bracketed: bool = True
    around: str = ""

    @property
    def base(self) -> str:
        """The file's name without its folders."""
        return self.name.replace("\\", "/").rsplit("/", 1)[-1]


def is_repeated(task: Task, citation: Citation) -> bool:
    """Whether the place is told in what was sent: in a trace, a log, a listing, the question itself."""
    bare = citation.written.strip("[]")
    places = re.escape(bare)
    if citation.line:
        places += rf"|{re.escape(citation.base)}\W{{1,6}}(?:lines? |L)?{citation.line}"
    told = re.compile(rf"(?:{places})(?!\d)")
    return any(citation.base in given and told.search(given) is not None for given in material(task))


def is_to_be_made(task: Task, citation: Citation, text: str) -> bool:
    """Whether the file is one that the answer advises to make: by its words, or because advice is what was wanted."""
    return bool(_ADVISING.search(task.instruction[:_MOST_ASKED])) or citation.base in _making(text)


def is_a_port(citation: Citation) -> bool:
    return not citation.bracketed and (citation.line in _PORTS or _SERVING.search(citation.around) is not None)


@lru_cache(maxsize=4)
def _making(text: str) -> str:
    """The lines of an answer that speak of making something."""
    return "\n".join(line for line in text.splitlines() if _MAKING.search(line))
