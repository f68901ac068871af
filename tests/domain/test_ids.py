"""Ids: their form, and that they sort by the time of their making."""

import pytest

from gemini_mcp.domain.ids import RESULT_ID, attempt_id, result_id, ulid


def test_a_ulid_is_26_characters_of_crockford_base_32() -> None:
    made = ulid()
    assert len(made) == 26
    assert set(made) <= set("0123456789abcdefghjkmnpqrstvwxyz")


def test_ulids_sort_by_the_millisecond_they_were_made_in() -> None:
    moments = [0.0, 0.001, 1.0, 1_700_000_000.0, 1_700_000_000.001, 4_000_000_000.0]
    made = [ulid(at) for at in moments]
    assert made == sorted(made)
    assert ulid(1_469_918_176.385).startswith("01aryz6s41")


def test_two_ids_of_the_same_moment_differ() -> None:
    assert len({ulid(1_700_000_000.0) for _ in range(1_000)}) == 1_000


def test_results_and_attempts_are_told_apart_by_their_prefix() -> None:
    assert RESULT_ID.match(result_id())
    assert attempt_id().startswith("a_") and not RESULT_ID.match(attempt_id())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "r_",
        "r_" + "0" * 25,
        "r_" + "0" * 27,
        "r_" + "0" * 25 + "i",
        "r_" + "0" * 25 + "U",
        "r_" + "0" * 26 + "\n",
        "r_../../../../etc/passwd000",
    ],
)
def test_what_is_not_an_id_is_not_taken_for_one(text: str) -> None:
    assert not RESULT_ID.match(text)
