"""What clients and people are shown of the catalogue: the real one, and what a made-up day does to it."""

import json
from dataclasses import replace
from datetime import date

import pytest

from gemini_mcp.domain.catalog import TIERS, Catalogue
from gemini_mcp.gemini.catalog import load_catalogue
from gemini_mcp.tools.models_report import models_json, models_table

TODAY = date(2026, 11, 21)
DAYS = [TODAY, date(2026, 12, 1), date(2027, 1, 1), date(2027, 5, 7), date(2035, 1, 1)]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(None)


def line_of(table: str, name: str) -> str:
    return next(line for line in table.splitlines() if f" {name} " in line)


def test_json_shows_every_model_with_the_prices_of_the_day(catalogue: Catalogue) -> None:
    shown = json.loads(json.dumps(models_json(catalogue, TODAY)))
    models = {model["id"]: model for model in shown["models"]}
    assert models.keys() == catalogue.models.keys()
    argon, later = models["gemini-4-argon"]["price"], models_json(catalogue, date(2026, 12, 1))
    assert (argon["input"], argon["cached"], argon["output"], argon["until"]) == ("2", "0.1", "10", "2026-12-01")
    doubled = next(model for model in later["models"] if model["id"] == "gemini-4-argon")["price"]
    assert (doubled["input"], doubled["cached"], doubled["output"]) == ("4", "0.2", "20")
    pro = models["gemini-3.1-pro-preview"]["price"]["long_prompt"]
    assert pro == {"over_tokens": 200_000, "input": "4", "cached": "0.4", "output": "18"}


def test_json_says_what_is_not_known_or_not_confirmed(catalogue: Catalogue) -> None:
    models = {model["id"]: model for model in models_json(catalogue, TODAY)["models"]}
    neon = models["gemini-4-neon"]["price"]
    assert (neon["input"], neon["cached"], neon["confirmed"]) == ("3", None, False)
    assert models["gemini-3.8-flash"]["price"]["confirmed"] is True
    assert models["gemini-1.5-pro"]["price"] is None
    assert models["gemini-2.5-pro"]["reroute_confirmed"] is False
    assert models["gemini-3.8-flash"]["reroute_confirmed"] is None


def test_json_shows_the_tiers_their_current_model_and_warnings(catalogue: Catalogue) -> None:
    shown = models_json(catalogue.with_tier_model("pro", "gemini-2.5-pro"), date(2026, 12, 1))
    assert shown["tiers"]["pro"]["current"] == "gemini-4-argon"
    assert shown["tiers"]["pro"]["candidates"] == ["gemini-4-argon", "gemini-3.1-pro-preview"]
    assert "2026-12-01" in shown["tiers"]["pro"]["warning"]
    assert shown["tiers"]["lite"]["warning"] is None


def test_json_and_table_tell_the_same_changes(catalogue: Catalogue) -> None:
    changes = models_json(catalogue, TODAY)["changes"]
    table = models_table(catalogue, TODAY)
    assert [change["date"] for change in changes] == sorted(change["date"] for change in changes)
    assert len(changes) == len(catalogue.changes_after(TODAY)) > 0
    for change in changes:
        assert f"{change['date']}  {change['model']}" in table
        assert change["what"] in table


@pytest.mark.parametrize("day", DAYS)
def test_the_table_fits_a_terminal_and_has_no_loose_blanks(catalogue: Catalogue, day: date) -> None:
    odd = catalogue.with_tier_model("pro", "gemini-2.5-pro").with_tier_model("lite", "gemini-2.0-flash-lite")
    for shown in (catalogue, odd):
        lines = models_table(shown, day).splitlines()
        assert max(map(len, lines)) <= 110
        assert [line for line in lines if line != line.rstrip()] == []


def test_the_table_marks_each_tier_s_model_and_its_stand_ins(catalogue: Catalogue) -> None:
    table = models_table(catalogue, TODAY)
    for tier in TIERS:
        first, second, *_ = catalogue.candidates(tier, TODAY)
        assert line_of(table, first.model.id).startswith("  > ")
        assert line_of(table, second.model.id).startswith("  2 ")
    assert line_of(table, "gemini-4-carbon").startswith("    gemini")


def test_the_table_shows_prices_doubts_and_gaps(catalogue: Catalogue) -> None:
    table = models_table(catalogue, TODAY)
    assert line_of(table, "gemini-3.8-flash").split()[2:5] == ["$0.75", "$0.075", "$3.75"]
    assert line_of(table, "gemini-4-neon").split()[1:4] == ["$3.00", "?", "$15.00"]
    assert "price not confirmed" in line_of(table, "gemini-4-neon")
    assert "? is a price that is not known" in table
    assert "prompt over 200,000" in table


def test_the_table_leaves_out_models_that_are_gone_but_says_where_they_went(catalogue: Catalogue) -> None:
    table = models_table(catalogue, TODAY)
    assert "gemini-1.5" not in table
    assert "gemini-3.7-flash to gemini-3.8-flash" in table


def test_the_table_warns_of_a_tier_without_a_model(catalogue: Catalogue) -> None:
    empty = replace(catalogue, tiers={**catalogue.tiers, "lite": ("gemini-1.5-flash",)})
    assert "GEMINI_AGENTS_LITE" in models_table(empty, TODAY)
    assert models_json(empty, TODAY)["tiers"]["lite"]["current"] is None


def test_the_table_says_nothing_of_changes_when_none_are_known(catalogue: Catalogue) -> None:
    assert "What changes next" in models_table(catalogue, TODAY)
    assert "What changes next" not in models_table(catalogue, date(2035, 1, 1))
