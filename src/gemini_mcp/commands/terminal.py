"""What a text may look like where it is printed: how wide, in which characters, with or without colour."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TextIO

Colour = Literal["bold", "dim", "cyan", "yellow"]
_CODES: dict[Colour, int] = {"bold": 1, "dim": 2, "cyan": 36, "yellow": 33}
_NARROWEST = 40


@dataclass(frozen=True, slots=True)
class Terminal:
    """``columns``: characters in a line. ``unicode``: whether more than ASCII can be shown."""

    columns: int = 80
    unicode: bool = True
    colour: bool = False

    @classmethod
    def of(cls, stream: TextIO, environ: Mapping[str, str]) -> "Terminal":
        """Colour only for people, and not against their wish (https://no-color.org)."""
        encoding = (stream.encoding or "").lower().replace("-", "").replace("_", "")
        wanted = not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
        columns = max(_NARROWEST, shutil.get_terminal_size().columns)
        return cls(columns, encoding.startswith("utf"), stream.isatty() and wanted)

    def painted(self, text: str, *colours: Colour) -> str:
        """The text in these colours, where they are wanted."""
        if not self.colour or not text:
            return text
        return f"\x1b[{';'.join(str(_CODES[colour]) for colour in colours)}m{text}\x1b[0m"

    def printable(self, name: str, most: int | None = None) -> str:
        """A name from the ledger without what a terminal would obey or cannot show, shortened in its middle."""
        shown = "".join(c if c.isprintable() and (self.unicode or c.isascii()) else "?" for c in name) or "-"
        if most is None or len(shown) <= most:
            return shown
        gap = "…" if self.unicode else "..."
        kept = max(2, most - len(gap))
        return shown[: kept - kept // 2] + gap + shown[-(kept // 2) :]

    @property
    def rule(self) -> str:
        """The character that lines are drawn with."""
        return "─" if self.unicode else "-"
