"""Whose turn it is at one model: calls take turns, and the requests of a call go in the order in which they came."""

from collections import deque

import anyio

from gemini_mcp.domain.quotas import Held


class Turns:
    """A queue in which a call with 500 requests does not keep one with a single request waiting.

    ``held``: what the one whose turn it is waits for.
    """

    def __init__(self) -> None:
        self.held: Held | None = None
        self._taken = False
        self._lines: dict[str, deque[anyio.Event]] = {}
        """By call, the one that is next first."""

    def before(self, call: str) -> int:
        """How many would go before one more request of that call."""
        own = len(self._lines.get(call, ()))
        count, passed = own + self._taken, False
        for name, line in self._lines.items():
            passed = passed or name == call
            if name != call:
                count += min(len(line), own + (not passed))
        return count

    async def take(self, call: str) -> None:
        """Returns when it is that call's turn. Whoever took it must ``leave``; being cancelled here leaves too."""
        if not self._taken:
            self._taken = True
            return
        turn = anyio.Event()
        self._lines.setdefault(call, deque()).append(turn)
        try:
            await turn.wait()
        except BaseException:
            if turn.is_set():
                self.leave()
            else:
                self._step_out(call, turn)
            raise

    def leave(self) -> None:
        """The turn passes to the next call, which then stands behind all others."""
        call = next(iter(self._lines), None)
        if call is None:
            self._taken = False
            return
        line = self._lines.pop(call)
        line.popleft().set()
        if line:
            self._lines[call] = line

    def _step_out(self, call: str, turn: anyio.Event) -> None:
        self._lines[call].remove(turn)
        if not self._lines[call]:
            del self._lines[call]
