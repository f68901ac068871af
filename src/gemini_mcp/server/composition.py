"""The one place where the parts are joined. Read this to know how a call travels."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial

import anyio
import anyio.to_thread
import structlog

from gemini_mcp.config import Settings
from gemini_mcp.domain.budgets import Budgets
from gemini_mcp.domain.catalog import Catalogue, Tier
from gemini_mcp.domain.messages import ModelAnswer, ModelRequest
from gemini_mcp.domain.money import nano_from_usd
from gemini_mcp.engine.batch_desk import Ends
from gemini_mcp.engine.batch_work import Work
from gemini_mcp.engine.batches import Batches
from gemini_mcp.engine.breaker import Breakers, guarded
from gemini_mcp.engine.cache import cached
from gemini_mcp.engine.cascade import cascading
from gemini_mcp.engine.context_costs import ContextCosts
from gemini_mcp.engine.context_rows import ContextRows
from gemini_mcp.engine.contexts import Contexts
from gemini_mcp.engine.flights import Flights
from gemini_mcp.engine.learning import Learning, learning_from
from gemini_mcp.engine.ledger import Finished, Ledger
from gemini_mcp.engine.limits import Limits, limited
from gemini_mcp.engine.liveness import Owner
from gemini_mcp.engine.metering import metered
from gemini_mcp.engine.ports import AnswerTask, Call, Generate
from gemini_mcp.engine.reports import Reports
from gemini_mcp.engine.results import Results
from gemini_mcp.engine.retry import retrying
from gemini_mcp.engine.retry_quota import RetryQuota
from gemini_mcp.engine.trials import Trials, spent_today, trying
from gemini_mcp.engine.uploads import uploading
from gemini_mcp.gemini.gateway import Gateway
from gemini_mcp.server.batching import batch_desk
from gemini_mcp.server.cache_policy import CachePolicy
from gemini_mcp.server.logs import configure_logs
from gemini_mcp.server.prompt_files import agent_prompt
from gemini_mcp.server.state import load_models, opened_database
from gemini_mcp.sources.beneath import Beneath
from gemini_mcp.sources.child import Children
from gemini_mcp.sources.reader import Reader
from gemini_mcp.sources.secrets import Screen
from gemini_mcp.sources.web import Web
from gemini_mcp.tools.batch_results import batch_finished
from gemini_mcp.tools.repeats import Repeats
from gemini_mcp.tools.services import Services

AGENTS = (
    "delegate_task",
    "analyze_image",
    "summarize_one",
    "summarize_map",
    "summarize_reduce",
    "review_code",
    "review_refute",
)
"""The agents' instructions, under ``prompts/agents/``."""


@dataclass(frozen=True, slots=True)
class Engine:
    """What a running server holds on to."""

    services: Services
    gateway: Gateway
    repeats: Repeats


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Engine]:
    """Everything behind the tools, open for as long as the context lasts. Raises OSError, sqlite3.Error, ValueError."""
    from gemini_mcp.engine.disk_cache import DiskStore

    configure_logs(settings.log_level)
    catalogue = load_models(settings)
    prompts = {name: agent_prompt(name, settings.home) for name in AGENTS}
    database = await opened_database(settings)
    owner = Owner(settings.home / "run")
    budgets = Budgets.of_usd(settings.session_budget_usd, settings.day_budget_usd)
    ledger, results = Ledger(database, owner, budgets), Results(database)
    learning = Learning(database, partial(current_model, catalogue), on=settings.learning)
    store = await anyio.to_thread.run_sync(DiskStore, settings.home / "cache")
    screen = Screen(settings.secrets, kingfisher=True)
    reader = Reader(Beneath(settings.roots), Web(), screen, Children())
    gateway = Gateway(settings.api_key, settings.base_url, settings.api_version, free_tier=settings.free_tier)
    policy = CachePolicy(catalogue, prompts, gateway.endpoint, settings.cache_ttl_s, utc_today)
    costs = ContextCosts(ledger, catalogue, utc_today)
    contexts = Contexts(ContextRows(database, owner), gateway, costs, catalogue, utc_today)
    recovered = await ledger.recover()
    await learning.refresh()
    log = structlog.get_logger()
    log.info("opened", endpoint=gateway.endpoint, home=str(settings.home), recovered_attempts=recovered)
    results.purge_older_than(settings.keep_days)

    async def send(request: ModelRequest, call: Call) -> ModelAnswer:
        return await gateway.generate(request, call.deadline)

    try:
        async with anyio.create_task_group() as group:
            limits, breakers, quota = Limits(database, catalogue.limits), Breakers(), RetryQuota()
            cascade = partial(cascading, catalogue=catalogue, prompts=prompts, today=utc_today, quota=quota)

            def asking(books: Ledger) -> Generate:
                sending = guarded(limited(metered(send, books, catalogue, utc_today), limits), breakers)
                return retrying(sending, quota)

            generate = contexts.around(asking(ledger))
            climbing = cascade(generate, learned=learning.calibration, seconding=settings.second_opinions)
            uploaded = uploading(learning_from(climbing, learning), gateway)
            trials = None
            if settings.trials is not None:
                books = Ledger(database, owner, budgets.within_session(settings.trials.usd_a_day))
                tried = uploading(cascade(asking(books)), gateway)
                trials = Trials(
                    settings.trials.share,
                    tried,
                    books,
                    learning,
                    catalogue,
                    utc_today,
                    group,
                    settings.deadline_s,
                    partial(spent_today, database),
                    nano_from_usd(settings.trials.usd_a_day),
                )
            flights = Flights(group, ledger.adopt)
            answer = cached(trying(uploaded, trials), store, flights, policy.key, policy.lifetime_s)

            def caching(made: AnswerTask) -> AnswerTask:
                return cached(made, store, Flights(group, ledger.adopt), policy.key, policy.lifetime_s)

            async def finish(work: Work, call: Call, ends: Ends) -> Finished:
                return await batch_finished(work, call, ends, services)

            table = Batches(database, owner, gateway.endpoint, budgets)
            desk = batch_desk(
                gateway, table, ledger, catalogue, prompts, utc_today, caching, finish, settings.deadline_s
            )
            services = Services(
                answer=answer,
                ledger=ledger,
                reports=Reports(database, budgets),
                results=results,
                reader=reader,
                catalogue=catalogue,
                learning=learning,
                ready=gateway.load,
                forget=store.drop,
                today=utc_today,
                deadline_s=settings.deadline_s,
                notices=[database.notice] if database.notice else [],
                batches=desk,
            )
            group.start_soon(contexts.recover)
            group.start_soon(desk.run)
            try:
                yield Engine(services, gateway, Repeats())
            finally:
                group.cancel_scope.cancel()
    finally:  # only now have the flights settled what they had under way
        with anyio.CancelScope(shield=True):
            await contexts.aclose()
            await gateway.aclose()
            await anyio.to_thread.run_sync(store.close)
            await database.aclose()
            owner.release()


def current_model(catalogue: Catalogue, tier: Tier) -> str | None:
    """The model that a tier's calls begin with today."""
    model = catalogue.current(tier, utc_today())
    return model.id if model else None


def utc_today() -> date:
    """The day that price lists count by."""
    return datetime.now(UTC).date()
