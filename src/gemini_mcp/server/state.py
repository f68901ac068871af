"""What a server keeps and reads in its home: the ledger's file, the models as the user has them."""

import sqlite3
from typing import cast

import anyio.to_thread
import structlog

from gemini_mcp.config import Settings
from gemini_mcp.domain.catalog import Catalogue, Tier, UnknownModel
from gemini_mcp.engine.database import Database
from gemini_mcp.engine.ledger import migrate
from gemini_mcp.engine.liveness import alone
from gemini_mcp.engine.salvage import is_spoilt, set_aside
from gemini_mcp.gemini.catalog import load_catalogue


async def opened_database(settings: Settings) -> Database:
    """The ledger's file, made when missing, in a folder that only its user can enter; one that is damaged is set
    aside, as its ``notice`` then tells."""
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return await anyio.to_thread.run_sync(_opened, settings)


def _opened(settings: Settings) -> Database:
    database, damage = _tried(settings)
    if damage is None:
        return database
    with alone(settings.home / "opening"):  # looking again: another process may have set it aside meanwhile
        database, damage = _tried(settings)
        if damage is not None:
            database = Database(settings.ledger_path, migrate)
            database.notice = set_aside(settings.ledger_path)
            structlog.get_logger().warning("ledger_set_aside", error=str(damage), notice=database.notice)
            database.open()
    return database


def _tried(settings: Settings) -> tuple[Database, sqlite3.DatabaseError | None]:
    """The open database, or what says that its file is damaged. Raises other errors."""
    database = Database(settings.ledger_path, migrate)
    try:
        database.open()
    except sqlite3.DatabaseError as error:
        if not is_spoilt(error):
            raise
        return database, error
    return database, None


def load_models(settings: Settings) -> Catalogue:
    """The catalogue with the user's own file and tier models on top. Raises ValueError with the fix."""
    catalogue = load_catalogue(settings.home / "catalog.toml")
    for tier, name in settings.tier_models.items():
        try:
            catalogue = catalogue.with_tier_model(cast(Tier, tier), name)
        except UnknownModel as error:
            raise ValueError(f"GEMINI_AGENTS_{tier.upper()}={name!r}: {error}") from None
    return catalogue
