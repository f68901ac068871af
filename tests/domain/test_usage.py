"""Usage adds up field by field."""

from dataclasses import astuple

from gemini_mcp.domain.usage import TokenUsage


def test_every_field_is_added() -> None:
    one = TokenUsage(1, 2, 3, 4, 5, 6, 7)
    assert astuple(one + TokenUsage(10, 20, 30, 40, 50, 60, 70)) == (11, 22, 33, 44, 55, 66, 77)
    assert sum([one, one], TokenUsage()) == one + one
