"""What was selected, fetched and converted, a few at a time: all of it, or nothing is sent."""

from collections.abc import Awaitable, Callable, Iterator

import anyio

from gemini_mcp.domain.errors import AgentError, SecretFound
from gemini_mcp.sources.conversion import Converted, Raw
from gemini_mcp.sources.exclusions import excluding
from gemini_mcp.sources.purposes import reason
from gemini_mcp.sources.survey import UNREADABLE, Selected, Wanted, check_total

AT_ONCE = 4
MOST_SECRETS_NAMED = 5

Fetch = Callable[[Wanted], Awaitable[Raw]]
Convert = Callable[[Raw], Awaitable[Converted]]


class Gathering:
    """For one call. What was found and cannot be read joins what is left out of ``selected``."""

    def __init__(self, selected: Selected, fetch: Fetch, convert: Convert) -> None:
        self._selected, self._fetch, self._convert = selected, fetch, convert
        self._waiting: Iterator[tuple[int, Wanted]] = iter(enumerate(list(selected.wanted)))
        self._made: dict[int, tuple[Wanted, Converted]] = {}
        self._secrets: dict[int, tuple[Wanted, SecretFound]] = {}
        self._failed: dict[int, AgentError] = {}
        self._bytes = 0

    async def converted(self) -> dict[Wanted, Converted]:
        """In the order of what was selected. Raises what the first at fault raised; after that, none is begun."""
        async with anyio.create_task_group() as group:
            for _ in range(min(AT_ONCE, len(self._selected.wanted))):
                group.start_soon(self._work)
        if self._failed:
            raise self._failed[min(self._failed)]
        if self._secrets:
            raise _to_leave_out([self._secrets[index] for index in sorted(self._secrets)])
        return dict(self._made[index] for index in sorted(self._made))

    async def _work(self) -> None:
        for index, wanted in self._waiting:
            if self._failed:
                return
            try:
                await self._take(index, wanted)
            except AgentError as error:  # whatever it is: the task group would wrap what left it
                self._failed[index] = error

    async def _take(self, index: int, wanted: Wanted) -> None:
        """Of what was found, all secrets are told at once: each would else cost its caller a call."""
        found = wanted in self._selected.found
        try:
            raw = await self._fetch(wanted)
            made = await self._convert(raw)
        except SecretFound as error:
            if not found:
                raise
            self._secrets[index] = wanted, error
        except UNREADABLE as error:
            if not found:
                raise
            self._selected.leave_out(wanted, reason(error, wanted.name))
        else:
            self._bytes += len(raw.data)
            check_total(self._bytes)
            self._made[index] = wanted, made


def _to_leave_out(secrets: list[tuple[Wanted, SecretFound]]) -> SecretFound:
    """The refusal of files that were found to hold secrets, with the patterns that leave them out. A name that is not
    told in the message is a secret itself."""
    told = [error.message for _, error in secrets[:MOST_SECRETS_NAMED]]
    if (more := len(secrets) - len(told)) > 0:
        told.append(f"and so do {more} more")
    named = [f'"{excluding(wanted.name)}"' for wanted, error in secrets if wanted.name in error.message]
    if not named:
        return SecretFound("; ".join(told), secrets[0][1].fix)
    fix = (
        f"Nothing was sent. Leave out what is named by adding {', '.join(named)} to the list, or move the secrets"
        " elsewhere; no argument allows them, but the user may set GEMINI_AGENTS_SECRETS=redact for the server."
    )
    return SecretFound("; ".join(told), fix)
