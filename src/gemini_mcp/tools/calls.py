"""What every tool that spends money does alike: reading the common arguments, and keeping the call's books."""

import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import anyio

from gemini_mcp.domain.catalog import TIERS, Model, Tier, UnknownModel
from gemini_mcp.domain.errors import AgentError, InvalidArgument, StateUnavailable, UnknownModelName
from gemini_mcp.domain.ids import result_id
from gemini_mcp.domain.material import Source
from gemini_mcp.domain.money import nano_from_usd
from gemini_mcp.engine.ledger import Finished
from gemini_mcp.engine.ports import Answer, Call, Caller, Progress
from gemini_mcp.engine.receipts import receipt, receipt_line
from gemini_mcp.engine.schemas import schema_problem
from gemini_mcp.tools.services import Delivered, Services, ToolFailure

_MEND = (
    "Nothing is sent that cannot be recorded. Free some space on the disk, or mend GEMINI_AGENTS_HOME; gemini-agents"
    " doctor tells more."
)


@dataclass(frozen=True, slots=True)
class Common:
    """The arguments that such tools share: where to start (``model`` alone when one was named), and the cap."""

    tier: Tier | None
    model: str | None
    max_cost_nano: int | None

    @classmethod
    def of(cls, tier: str, max_cost_usd: float | None, services: Services) -> "Common":
        """Raises UnknownModelName, with suggestions, and InvalidArgument."""
        wanted, cap = tier.strip(), _cap(max_cost_usd)
        named = next((t for t in TIERS if t == wanted), None)
        model = None if named or wanted in ("", "auto") else _model(tier, services)
        return cls(named, model, cap)

    def first_model(self, services: Services) -> Model:
        """The model that is asked first. Raises UnknownModelName when the tier has none left."""
        model, tier = self.first_of(self.tier or TIERS[0], services)
        if model is None:
            raise UnknownModelName(f"no model of tier {tier} is left", "gemini-agents models lists them.")
        return model

    def first_of(self, tier: Tier, services: Services) -> tuple[Model | None, Tier]:
        """The model that a tier's calls begin with, or the one that was named, and its tier; None: none is left."""
        catalogue, today = services.catalogue, services.today()
        if self.model is not None:
            model = catalogue.resolve(self.model, today).model
            return model, catalogue.tier_of(model.id) or tier
        return catalogue.current(tier, today), tier


def _model(name: str, services: Services) -> str:
    """The name, if it leads to a model: where it leads, and why, is told when the model is asked."""
    try:
        services.catalogue.resolve(name, services.today())
        return name
    except UnknownModel as error:
        hint = f"Did you mean {' or '.join(error.suggestions)}? " if error.suggestions else ""
        fix = f"{hint}tier takes auto, lite, flash, pro or a model id; models://catalog lists them."
        raise UnknownModelName(f"there is no tier or model {name!r}", fix) from None


def _cap(max_cost_usd: float | None) -> int | None:
    if max_cost_usd is None:
        return None
    try:
        nano = nano_from_usd(max_cost_usd)
    except ValueError:
        nano = 0
    if nano <= 0:
        raise InvalidArgument(
            f"max_cost_usd must be more than 0, not {max_cost_usd}", "Give an amount in USD, such as 0.05."
        )
    return nano


def check_schema(output_schema: dict[str, Any] | None) -> None:
    """Raises InvalidArgument for what is no usable JSON Schema."""
    if output_schema is not None and (problem := schema_problem(output_schema)):
        raise InvalidArgument(f"output_schema is not a usable JSON Schema: {problem}", "Mend the schema.")


def new_call(tool: str, caller: Caller, progress: Progress, services: Services, max_cost_nano: int | None) -> Call:
    """A call whose deadline runs from now."""
    now = time.monotonic()
    notices = services.notices.copy()
    services.notices.clear()
    return Call(
        result_id=result_id(),
        caller=caller,
        tool=tool,
        started_at=time.time(),
        started_monotonic=now,
        deadline=now + services.deadline_s,
        progress=progress,
        max_cost_nano=max_cost_nano,
        warnings=notices,
    )


@asynccontextmanager
async def books(call: Call, services: Services, sources: tuple[Source, ...]) -> AsyncIterator[None]:
    """Around whatever spends: an error or a cancellation closes the call's books on its way out, as a ToolFailure
    whose receipt says what was paid."""
    try:
        yield
    except AgentError as error:
        if call.attempts:  # refused before anything was reserved: nothing to tell
            with suppress(sqlite3.Error):  # the error itself is what the caller must hear of
                alerts = await services.ledger.finish(call, Finished(None, error.code))
                call.warnings += [alert.words for alert in alerts]
        raise ToolFailure(error, receipt(call, None, sources)) from error
    except anyio.get_cancelled_exc_class():
        services.ledger.post_finish(call, Finished(None, "cancelled", cancelled=True))
        raise
    except sqlite3.Error as error:
        told = StateUnavailable(f"the ledger cannot be used ({error})", _MEND)
        raise ToolFailure(told, receipt(call, None, sources)) from error
    except Exception as error:
        services.ledger.post_finish(call, Finished(None, "internal_error"))
        bug = AgentError(f"an error of our own ({type(error).__name__})", "Please report it.")
        raise ToolFailure(bug, receipt(call, None, sources)) from error


async def finished(
    call: Call,
    end: Finished,
    sources: tuple[Source, ...],
    services: Services,
    structured: Callable[[str], dict[str, Any]] | None = None,
) -> Delivered:
    """Keep the result and hand it over. ``structured`` makes the result's other form, given the receipt's line."""
    answer = end.answer
    assert isinstance(answer, Answer)
    try:
        call.warnings += [alert.words for alert in await services.ledger.finish(call, end)]
    except sqlite3.Error as error:  # the answer is paid for: it is not withheld for want of a place to keep it
        call.warnings.append(f"not kept: the ledger could not be written ({error})")
    line = receipt_line(call, answer)
    return Delivered(
        answer.text,
        end.mime_type,
        call.result_id,
        line,
        receipt(call, answer, sources),
        structured(line) if structured else None,
    )
