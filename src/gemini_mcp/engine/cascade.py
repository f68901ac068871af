"""The cascade: start low, check the answer, climb only when the check fails.

Within a tier, an error that another model may not have moves on to the tier's next candidate; then up a tier.
"""

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

import anyio
import structlog

from gemini_mcp.domain.catalog import TIERS, Catalogue, Model, Tier, tier_below
from gemini_mcp.domain.context_caching import stable_of
from gemini_mcp.domain.errors import (
    AgentError,
    BudgetExceeded,
    NoAcceptableAnswer,
    TooLarge,
    UpstreamError,
)
from gemini_mcp.domain.messages import ModelAnswer, ModelRequest
from gemini_mcp.domain.money import short_usd
from gemini_mcp.domain.policy import Decision
from gemini_mcp.domain.prompting import AgentPrompt, attachments, user_prompt
from gemini_mcp.domain.routing import Look, least_output, look, output_limit, thinking_budget, thinking_level
from gemini_mcp.domain.task import Task
from gemini_mcp.domain.tokens import safe_tokens
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.engine.checks import Examined, Objection, examined
from gemini_mcp.engine.judging import CalibrationOf, Considered, Judge, uncalibrated
from gemini_mcp.engine.ports import Answer, AnswerTask, Attempt, Call, Generate, Today
from gemini_mcp.engine.retry_quota import Draws, RetryQuota

MOST_BEST_ATTEMPT = 20_000
MOST_SECOND_OPINION_S = 20.0
"""An answer is there already: it does not wait longer than that for somebody else's."""

SEARCH_TOOL_TOKENS = 30_000
"""Room for the pages that one search brings in, which are billed as input; an estimate, no bound."""


@dataclass(frozen=True, slots=True)
class Step:
    """One model to try. ``warning`` says what was skipped to get to it."""

    tier: Tier
    model: Model
    warning: str | None = None


def cascading(
    generate: Generate,
    catalogue: Catalogue,
    prompts: Mapping[str, AgentPrompt],
    today: Today,
    quota: RetryQuota | None = None,
    learned: CalibrationOf = uncalibrated,
    *,
    seconding: bool = False,
) -> AnswerTask:
    """Answers a task by the cheapest model whose answer passes the checks. Raises AgentError.

    Asking another model after an error draws on ``quota``, which is shared with ``retrying``. ``learned`` says what to
    expect of a tier. ``seconding``: another model's opinion on a closed question may be asked for, where it is worth
    its price.
    """
    shared = quota or RetryQuota()

    async def answer(task: Task, call: Call) -> Answer:
        day, system = today(), prompts[task.agent].system(task)
        tokens = input_tokens(task, system)
        seen = look(task, tokens)
        judge = Judge(task, seen.family, tokens, catalogue, day, learned, seconding=seconding)
        run = _Run(task, call, generate, catalogue, system, day, Draws(shared), judge, judge.start(seen), tokens)
        return await run.climb()

    return answer


def steps(task: Task, start: Tier, catalogue: Catalogue, today: date) -> list[Step]:
    """The models to try, in order: the tiers from ``start`` up, each with its live candidates; a pinned model alone."""
    if task.pinned_model is not None:
        found = catalogue.resolve(task.pinned_model, today)
        return [Step(catalogue.tier_of(found.model.id) or start, found.model, found.warning)]
    tiers, needs = TIERS[TIERS.index(start) :], needed_capabilities(task)
    listed = [Step(tier, c.model, c.warning) for tier in tiers for c in catalogue.candidates(tier, today)]
    return [step for step in listed if needs <= step.model.capabilities]


def needed_capabilities(task: Task) -> set[str]:
    """What a model must be able to do for the task, in the catalogue's words."""
    seen = {"pdf" if s.media.mime_type == "application/pdf" else "image" for s in task.sources if s.media}
    return seen | ({"search"} if task.web_search else set())


def input_tokens(task: Task, system: str) -> int:
    """The size of the request, never meant to undercount: a schema travels along, and a search reads pages."""
    schema = json.dumps(task.output_schema) if task.output_schema is not None else ""
    media = sum(source.media.tokens for source in task.sources if source.media)
    return safe_tokens(system, user_prompt(task), schema) + media + (SEARCH_TOOL_TOKENS if task.web_search else 0)


def _moved_on(model: str, error: UpstreamError) -> str:
    said = error.message if error.message.startswith(model) else f"{model} failed ({error.message})"
    return f"{said}; another model was tried"


class _Starved(BudgetExceeded):
    """The answer was cut short where the budget ended."""


class _Run:
    """One task's way up the tiers."""

    def __init__(
        self,
        task: Task,
        call: Call,
        generate: Generate,
        catalogue: Catalogue,
        system: str,
        today: date,
        draws: Draws,
        judge: Judge,
        start: Look,
        tokens: int,
    ) -> None:
        self._task, self._call, self._generate, self._catalogue = task, call, generate, catalogue
        self._system = system
        self._today = today
        self._draws = draws
        self._judge = judge
        self._input_tokens = tokens
        self._stable = stable_of(task, self._system)
        self._look = start
        self._objection: Objection | None = None
        self._doubt = ""
        self._best = ""
        self._standing: tuple[Answer, Attempt] | None = None
        self._judged_tier: Tier | None = None
        self._highest: Tier = start.start

    async def climb(self) -> Answer:
        """An answer that was merely doubted stands when no tier above can do better."""
        try:
            return await self._climb()
        except AgentError as error:
            if self._standing is None:
                raise
            return self._stands(error)

    def _stands(self, error: AgentError) -> Answer:
        assert self._standing is not None
        answer, attempt = self._standing
        call = self._call
        call.warnings.append(f"the {answer.tier} answer stands: {error.message}")
        call.tier, call.stands = answer.tier, True
        if attempt.verdict == "rejected":
            attempt.verdict = "accepted"
        return replace(answer, cost_nano=self._cost())

    async def _climb(self) -> Answer:
        call = self._call
        call.family, call.tier = self._look.family, self._look.start
        last_error: UpstreamError | None = None
        failed: UpstreamError | None = None
        for step in self._steps_to_try():
            if failed is not None and not self._draws.pay_for(failed):
                break
            call.tier, failed = step.tier, None
            if step.warning and step.warning not in call.warnings:
                call.warnings.append(step.warning)
            try:
                answered = await self._try(step)
            except BudgetExceeded as error:
                if self._objection is None and self._standing is None and self._go_lower(error):
                    return await self._climb()
                raise self._too_dear(error) from None
            except UpstreamError as error:
                if not error.escalates:
                    raise
                last_error = failed = error
                call.warnings.append(_moved_on(step.model.id, error))
                continue
            self._draws.put_back()
            if answered is not None:
                return answered
            self._judged_tier = step.tier
        if last_error is not None and self._objection is None:
            raise last_error
        raise self._nothing_acceptable()

    def _steps_to_try(self) -> Iterator[Step]:
        """A tier whose answer was turned down is done with: its other candidates are its like."""
        found = steps(self._task, self._look.start, self._catalogue, self._today)
        fitting = [step for step in found if self._input_tokens <= step.model.context_tokens]
        if found and not fitting:
            most = max(step.model.context_tokens for step in found)
            message = f"the task is about {self._input_tokens:,} tokens and no model takes more than {most:,}"
            raise TooLarge(message, "Send less material.")
        self._highest = fitting[-1].tier if fitting else self._look.start
        for step in fitting:
            if step.tier != self._judged_tier:
                yield step

    async def _try(self, step: Step) -> Answer | None:
        """The step's answer if it is to be handed over; None after noting why not."""
        request = self._request(step)
        await self._call.progress(self._announcement(step))
        answer = await self._generate(request, self._call)
        attempt = self._call.attempts[-1]
        found = examined(self._task, answer)
        known = attempt.verdict is not None
        if not known:  # until the second opinion is there
            attempt.verdict = "rejected" if found.objection else "accepted"
        considered = await self._considered(step, request, answer, found)
        starved = found.objection is not None and found.objection.cut_short and attempt.shrunk
        if not starved:  # that says something of the budget, and nothing of the tier
            self._call.judged.append(considered.judged)
        self._mark(attempt, considered.decision, overrule=not known)
        if found.objection is None or not found.objection.fatal:
            accepted = self._accepted(step, answer, found.text, attempt)
            if considered.decision.action == "accept":
                self._call.warnings += [words for words in found.mended if words not in self._call.warnings]
                return accepted
            self._standing = accepted, attempt
        self._doubt, self._objection = considered.decision.reason, found.objection
        self._best = found.text or self._best
        if starved:
            raise self._starved(step)
        return None

    async def _considered(self, step: Step, request: ModelRequest, answer: ModelAnswer, found: Examined) -> Considered:
        """What the policy makes of it, after a second opinion where that is worth its price."""
        objection = found.objection.reason if found.objection else ""
        climbs = step.tier != self._highest
        agrees = self._judge.heard(found.text) if not objection else None
        signals = self._judge.signals(answer, found.text, objection, agrees)
        second = (
            self._judge.second_model(step.tier, step.model, needed_capabilities(self._task))
            if agrees is None and not objection
            else None
        )
        if second is not None and self._judge.wants_second(step.tier, signals, second, may_climb=climbs):
            signals = replace(signals, agrees=await self._second_opinion(step, request, second, found.text))
        return self._judge.decided(step.tier, step.model.id, signals, found.text, may_climb=climbs)

    async def _second_opinion(self, step: Step, request: ModelRequest, model: Model, text: str) -> bool | None:
        """Whether another model of the tier says the same; None when it could not be had: nothing depends on it."""
        asked = replace(
            request,
            model=model.id,
            thinking_level=thinking_level(model, step.tier),
            thinking_budget=thinking_budget(model, step.tier),
            attachments=attachments(self._task, model.family),
            max_output_tokens=output_limit(self._task, step.tier, model, more_room=False),
        )
        before = len(self._call.attempts)
        await self._call.progress(f"{step.tier}: asking {model.id} for a second opinion")
        agrees: bool | None = None
        left_s = self._call.deadline - time.monotonic()
        try:
            with anyio.move_on_after(min(MOST_SECOND_OPINION_S, left_s / 2)):
                answer = await self._generate(asked, self._call)
                found = examined(self._task, answer)
                agrees = self._judge.same(text, found.text) if found.objection is None else None
                if agrees is False:
                    self._judge.heard(found.text)
        except (AgentError, sqlite3.Error) as error:
            structlog.get_logger().info("no second opinion", model=model.id, error=str(error))
        told = {True: "agrees", False: "differs", None: "none that could be compared"}[agrees]
        for attempt in self._call.attempts[before:]:
            if attempt.keeps:
                continue
            attempt.advises = True
            attempt.verdict = attempt.verdict or ("accepted" if agrees else "rejected")
            attempt.reason = attempt.reason or f"second opinion: {told}"
        return agrees

    def _request(self, step: Step) -> ModelRequest:
        task, objection = self._task, self._objection
        prompt = user_prompt(task, failed=objection.reason if objection else "")
        more_room = objection is not None and objection.cut_short
        return ModelRequest(
            model=step.model.id,
            prompt=prompt,
            system=self._system,
            max_output_tokens=output_limit(task, step.tier, step.model, more_room=more_room),
            estimated_input_tokens=self._input_tokens + (safe_tokens(objection.reason) if objection else 0),
            thinking_level=thinking_level(step.model, step.tier),
            thinking_budget=thinking_budget(step.model, step.tier),
            json_mode=task.wants_json,
            json_schema=task.output_schema,
            web_search=task.web_search,
            attachments=attachments(task, step.model.family),
            least_output_tokens=least_output(task, step.tier, step.model),
            stable=self._stable,
        )

    def _announcement(self, step: Step) -> str:
        why = f"; {self._turned_down}" if self._turned_down else ""
        return f"{step.tier}: asking {step.model.id}{why}"

    @property
    def _turned_down(self) -> str:
        """Why the last answer was not handed over."""
        return self._objection.reason if self._objection else self._doubt

    def _mark(self, attempt: Attempt, decision: Decision, *, overrule: bool) -> None:
        accepted = decision.action == "accept"
        if overrule:
            attempt.verdict = "accepted" if accepted else "rejected"
        attempt.reason = attempt.reason or self._why() if accepted else decision.reason

    def _why(self) -> str:
        return f"climbed: {self._turned_down}" if self._turned_down else self._look.reason

    def _accepted(self, step: Step, answer: ModelAnswer, text: str, attempt: Attempt) -> Answer:
        return Answer(
            text=text,
            model=answer.model_served,
            tier=step.tier,
            family=self._look.family,
            usage=answer.usage or TokenUsage(),
            cost_nano=self._cost(),
            baseline_nano=self._baseline(attempt, answer),
            simulated=answer.simulated,
            made_by=self._call.result_id,
            web_sources=tuple((source.title, source.uri) for source in answer.web_sources),
        )

    def _cost(self) -> int | None:
        """Of the task so far, rejected attempts and second opinions included."""
        return None if any(a.cost_nano is None for a in self._call.attempts) else self._call.spent_nano

    def _baseline(self, attempt: Attempt, answer: ModelAnswer) -> int | None:
        """What the accepted answer's tokens would have cost on the pro tier, in nano-USD."""
        if answer.usage is None or answer.simulated == "zero":
            return attempt.cost_nano
        pro = self._catalogue.current("pro", self._today)
        return self._catalogue.cost(pro.id, answer.usage, self._today) if pro else None

    def _go_lower(self, error: BudgetExceeded) -> bool:
        """Start a tier below what cannot be paid for, where there is one."""
        lower = tier_below(self._look.start)
        if self._task.pinned_model is not None or lower is None:
            return False
        self._call.lowered = True
        told = f"{lower} was asked instead of {self._look.start}, to keep {error.of}"
        if told not in self._call.warnings:
            self._call.warnings.append(told)
        self._look = replace(self._look, start=lower, reason=told)
        return True

    def _too_dear(self, error: BudgetExceeded) -> AgentError:
        if self._objection is None:
            return error
        if isinstance(error, _Starved):
            return self._with_best(error)
        failed = f"the {self._judged_tier} answer failed its check ({self._objection.reason})"
        return self._with_best(BudgetExceeded(f"{failed} and climbing needs more: {error.message}", error.fix))

    def _starved(self, step: Step) -> _Starved:
        """A dearer model would have even less room."""
        why = self._objection.reason if self._objection else ""
        message = f"the budget left {step.model.id} too little room for its answer: {why}"
        fix = "Raise max_cost_usd or the budget, send less material, or ask for a shorter answer."
        return _Starved(message, fix)

    def _nothing_acceptable(self) -> AgentError:
        reason = self._objection.reason if self._objection else "no model of the tiers asked for is available"
        spent = short_usd(self._call.spent_nano)
        message = f"every tier that was tried failed its check, the last with: {reason} ({spent} spent)"
        fix = "The best attempt follows; judge it yourself, make the task smaller, or relax the form asked for."
        return self._with_best(NoAcceptableAnswer(message, fix))

    def _with_best(self, error: AgentError) -> AgentError:
        error.best = self._best[:MOST_BEST_ATTEMPT]
        return error
