"""What looking through one text may cost."""

import time

from gemini_mcp.domain.errors import TooLarge

_START_S, _MEGABYTE_S = 4.0, 0.5
"""CPU seconds for any text, and for each MB of it. Ordinary text takes 0.2 s a MB, on a slow machine twice that."""

_EVERY = 64
_SMALL = 50_000
"""Characters that cannot take long. Reading the clock takes as long as looking through a few hundred of them."""


class Effort:
    """Counts the CPU time of whichever thread is at it. Raises TooLarge when there is too much of it."""

    def __init__(self, name: str, size: int) -> None:
        self._name, self._left = name, _START_S + _MEGABYTE_S * size / 1e6
        self._small = size < _SMALL
        self._since = 0.0
        self.resume()
        self._ticks = 0

    def resume(self) -> None:
        """In a thread that may be another than before."""
        if not self._small:
            self._since = time.thread_time()

    def tick(self) -> None:
        """To be called for each thing that is looked at more closely."""
        self._ticks += 1
        if self._ticks % _EVERY == 0:
            self.check()

    def check(self) -> None:
        if self._small:
            return
        now = time.thread_time()
        self._left -= now - self._since
        self._since = now
        if self._left < 0:
            what = f"{self._name} takes too long to look through for secrets"
            raise TooLarge(what, "Split it, or leave it out; nothing was sent.")
