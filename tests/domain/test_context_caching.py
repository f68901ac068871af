"""What may lie in an explicit cache, whether it pays, and for how long."""

from dataclasses import replace
from datetime import date
from itertools import product

import pytest

from gemini_mcp.domain.catalog import Rates
from gemini_mcp.domain.context_caching import (
    TTL_S,
    context_key,
    creation_pays,
    extension_pays,
    further_questions,
    minimum_tokens,
    stable_of,
    storage_nano,
    takes_context,
    without_stable,
)
from gemini_mcp.domain.material import Media, Source
from gemini_mcp.domain.messages import Attachment, ModelRequest, Stable
from gemini_mcp.domain.prompting import user_prompt
from gemini_mcp.domain.task import Rejected, Task
from gemini_mcp.gemini.catalog import load_catalogue

CATALOGUE = load_catalogue(None)
TODAY = date(2026, 11, 21)
LITE, OLD_LITE, FLASH, PRO = "gemini-3.5-flash-lite", "gemini-2.5-flash-lite", "gemini-3.8-flash", "gemini-4-argon"
WORDS = "A sentence about nothing in particular. " * 800
N = 200_000


def rates(model: str) -> Rates:
    found = CATALOGUE.rates(model, TODAY)
    assert found is not None
    return found


def a_source(text: str = WORDS, path: str = "a.txt", media: Media | None = None, sha256: str = "5" * 64) -> Source:
    return Source(path, text, len(text), sha256, media=media)


def a_request(stable: Stable | None, model: str = LITE, **changes: object) -> ModelRequest:
    request = ModelRequest(model, "p", "s", 1_000, 10_000, stable=stable)
    return replace(request, **changes)  # type: ignore[arg-type]


def stable(task: Task, system: str = "Be brief.") -> Stable:
    found = stable_of(task, system)
    assert found is not None
    return found


# --------------------------------------------------------------------------------------------------------- what may


@pytest.mark.parametrize(
    "task",
    [
        Task("Why?", sources=(a_source(),)),
        Task("Why?", sources=(a_source(), a_source("x", "b.txt")), context="For beginners."),
        Task("Why?", context=WORDS),
        Task("Why?", context=WORDS, rejected=Rejected("r", "No.", "Wrong.", "lite")),
    ],
)
def test_every_prompt_about_the_material_begins_with_the_stable_part(task: Task) -> None:
    kept = stable(task)
    for instruction, failed in product(("Why?", "What else?"), ("", "too short")):
        prompt = user_prompt(replace(task, instruction=instruction), failed=failed)
        assert prompt.startswith(kept.text) and "sentence about nothing" in kept.text
        rest = without_stable(prompt, kept)
        assert instruction in rest and "sentence about nothing" not in rest
        assert f"{kept.text}\n\n{rest}" == prompt


def test_the_same_material_has_the_same_key_whatever_is_asked() -> None:
    first, second = (stable(Task(asked, sources=(a_source(),), context=asked)) for asked in ("Why?", "What?"))
    assert first == second


@pytest.mark.parametrize(
    "other",
    [
        stable(Task("Why?", sources=(a_source(),)), "Be long."),
        stable(Task("Why?", sources=(a_source(WORDS + "!"),))),
        stable(Task("Why?", sources=(a_source(path="b.txt"),))),
        stable(Task("Why?", sources=(a_source(), a_source("", "p.pdf", Media("application/pdf", b"%PDF", 500))))),
        stable(Task("Why?", context=WORDS)),
    ],
)
def test_other_instructions_or_material_have_another_key(other: Stable) -> None:
    assert stable(Task("Why?", sources=(a_source(),))).key != other.key


def test_attached_documents_are_told_apart_by_their_content() -> None:
    media = Media("application/pdf", b"%PDF", 9_000)
    keys = {stable(Task("Why?", sources=(a_source("", "p.pdf", media, sha * 64),))).key for sha in "ab"}
    assert len(keys) == 2


def test_principals_and_models_share_nothing() -> None:
    kept = stable(Task("Why?", context=WORDS))
    keys = {context_key(who, model, kept) for who, model in product(("me", "you"), (LITE, FLASH))}
    assert len(keys) == 4


@pytest.mark.parametrize("task", [Task("Why?"), Task("Why?", context="short"), Task(WORDS * 3)])
def test_small_material_is_not_cacheable_nor_is_a_long_instruction(task: Task) -> None:
    assert stable_of(task, "Be brief.") is None


def test_a_search_takes_no_cache() -> None:
    assert stable_of(Task("Why?", context=WORDS, web_search=True), "Be brief.") is None


def test_gemini_sets_a_minimum_by_family() -> None:
    between = Stable("x", 3_000, "k")
    assert (minimum_tokens("gemini-2.5"), minimum_tokens("gemini-3")) == (2_048, 4_096)
    assert takes_context(CATALOGUE.models[OLD_LITE], a_request(between, OLD_LITE))
    assert not takes_context(CATALOGUE.models[LITE], a_request(between))
    assert takes_context(CATALOGUE.models[LITE], a_request(replace(between, tokens=4_096)))


def test_the_fourth_generation_and_requests_without_stable_parts_take_none() -> None:
    large = Stable("x", N, "k")
    assert takes_context(CATALOGUE.models[LITE], a_request(large))
    assert not takes_context(CATALOGUE.models[PRO], a_request(large, PRO))
    assert not takes_context(CATALOGUE.models[LITE], a_request(None))
    assert not takes_context(CATALOGUE.models[LITE], a_request(large, cached_content="cachedContents/a"))


@pytest.mark.parametrize(
    ("media", "takes"),
    [
        (Media("application/pdf", b"%PDF", 9_000), True),
        (Media("application/pdf", b"", 9_000, uri="https://files/1"), False),
        (Media("image/png", b"png", 9_000, detail="low"), False),
    ],
)
def test_uploads_and_chosen_resolutions_stay_out(media: Media, takes: bool) -> None:
    request = a_request(Stable("", 9_000, "k"), attachments=(Attachment("a", media),))
    assert takes_context(CATALOGUE.models[LITE], request) is takes


# ----------------------------------------------------------------------------------------------------- whether it pays


def test_storage_counts_begun_seconds_and_rounds_up() -> None:
    price = Rates(1, 1, 1, cache_storage=1_000_000_000)
    assert storage_nano(price, 1_000_000, 3_600) == 1_000_000_000
    assert storage_nano(price, 200_000, 300) == storage_nano(price, 200_000, 299.5) == 16_666_667
    assert storage_nano(price, 200_000, 300.0000002) == storage_nano(price, 200_000, 300)
    assert storage_nano(price, 1, 1) == 1
    assert storage_nano(Rates(1, 1, 1), 1, 1) is None and storage_nano(None, 1, 1) is None


@pytest.mark.parametrize(
    ("asked", "gap_s", "further"),
    [(1, 0.0, 0), (2, 0.0, 1), (2, 20.0, 1), (5, 20.0, 4), (5, 100.0, 3), (9, 290.0, 1), (2, 301.0, 0)],
)
def test_as_many_more_are_counted_on_as_came_before_if_a_cache_lives_to_see_them(
    asked: int, gap_s: float, further: int
) -> None:
    assert further_questions(asked, gap_s) == further


@pytest.mark.parametrize("model", [LITE, OLD_LITE, FLASH, "gemini-3.1-pro-preview", "gemini-2.5-flash"])
@pytest.mark.parametrize("further", range(5))
@pytest.mark.parametrize("tokens", [5_000, N, N + 1])
def test_a_cache_pays_exactly_when_it_costs_less_by_the_price_list(model: str, further: int, tokens: int) -> None:
    price = rates(model)
    long = price.long_over is not None and tokens > price.long_over
    fresh, cached = (price.long_input, price.long_cached) if long else (price.input, price.cached)
    assert fresh is not None and cached is not None
    storage = storage_nano(price, tokens, TTL_S)
    assert storage is not None
    plain = (1 + further) * tokens * fresh
    kept = tokens * fresh + storage * 1_000_000 + (1 + further) * tokens * cached
    assert creation_pays(price, tokens, further) is (kept < plain)


def test_the_first_question_makes_no_cache_the_second_does_and_dear_storage_waits_for_a_third() -> None:
    assert not creation_pays(rates(LITE), N, further_questions(1, 0))
    assert creation_pays(rates(LITE), N, further_questions(2, 20))
    assert not creation_pays(rates(OLD_LITE), N, further_questions(2, 20))
    assert creation_pays(rates(OLD_LITE), N, further_questions(3, 20))


def test_what_gemini_caches_anyway_is_not_bought_again() -> None:
    assert creation_pays(rates(LITE), N, 1, implicit_percent=0)
    assert not creation_pays(rates(LITE), N, 1, implicit_percent=50)
    assert not creation_pays(rates(LITE), N, 1_000, implicit_percent=100)


def test_nothing_pays_without_a_price() -> None:
    assert not creation_pays(replace(rates(LITE), cache_storage=None), N, 100)
    assert not creation_pays(replace(rates(LITE), cached=None), N, 100)
    assert not extension_pays(replace(rates(LITE), cache_storage=None), N, 20, 10)


@pytest.mark.parametrize(
    ("gap_s", "left_s", "pays"),
    [(20.0, 200.0, False), (20.0, 59.0, True), (120.0, 230.0, True), (120.0, 250.0, False), (301.0, 20.0, False)],
)
def test_a_cache_is_extended_when_the_next_question_could_come_too_late(
    gap_s: float, left_s: float, pays: bool
) -> None:
    assert extension_pays(rates(LITE), N, gap_s, left_s) is pays


def test_an_extension_dearer_than_one_plain_question_is_not_bought() -> None:
    assert not extension_pays(replace(rates(LITE), cache_storage=4_000_000_000), N, 20, 10)
    assert extension_pays(replace(rates(LITE), cache_storage=3_000_000_000), N, 20, 10)
