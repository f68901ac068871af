"""Numbers of a claim that its evidence has, however written, and those that it has not."""

import pytest

from gemini_mcp.domain.figures import are_in, unsupported


def missing(claim: str, evidence: str) -> list[str]:
    return [figure.text for figure in unsupported(claim, evidence)]


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        pytest.param("The limit is 300 s", "timeout_ms 300000", id="another unit of time"),
        pytest.param("A session lasts 24 hours", "lifetime of 86400", id="seconds as hours"),
        pytest.param("Blocks hold 64 KiB", "size 65536", id="powers of two"),
        pytest.param("35 % of the users left", "a share of 0.35", id="a share as a percentage"),
        pytest.param("33 % is lost", "a third is lost", id="a fraction in words"),
        pytest.param("It fails in 30 % of runs", "29.7 percent", id="rounded"),
        pytest.param("Growth was 29.7 %", "29.68 percent", id="rounded to a decimal"),
        pytest.param("About 1,200 people came", "1234 people", id="about"),
        pytest.param("Some 1.2 million rows", "1,234,567 rows", id="millions"),
        pytest.param("It costs $5 million", "5,000,000 dollars", id="money"),
        pytest.param("10,000 rows", "MOST = 10 000", id="thousands parted by a blank"),
        pytest.param("1,234.56 in all", "1.234,56", id="the other way round"),
        pytest.param("1,234.56 in all", "1 234,56", id="by blanks"),
        pytest.param("30 tests fail", "thirty tests fail", id="words for numbers"),
        pytest.param("25 tests fail", "Twenty-five tests fail", id="compound words for numbers"),
        pytest.param("100 % of the tests pass", "all tests pass", id="all"),
        pytest.param("Released on 15 March 2024", "2024-03-15", id="a date in another form"),
        pytest.param("Needs 3.11.2", "requires 3.11.2", id="a version"),
        pytest.param("Runs on Ubuntu 24", "ubuntu-24.04.1", id="a part of a version"),
        pytest.param("There are 4 ways to do it", "one, another, a third and a last", id="a small count"),
        pytest.param("It hashes with sha256 and asks gemini-3.5-flash over HTTP/2", "hashes", id="names with digits"),
        pytest.param("SHA-256 is used", "hashes", id="a name with a hyphen"),
        pytest.param("Nothing is counted here", "7 of 9", id="no number"),
    ],
)
def test_a_number_may_be_written_otherwise(claim: str, evidence: str) -> None:
    assert missing(claim, evidence) == []


@pytest.mark.parametrize(
    ("claim", "evidence", "number"),
    [
        pytest.param("The limit is 30 s", "the limit is 45 s", "30", id="another number"),
        pytest.param("Founded in 2020", "founded in 2024", "2020", id="another year"),
        pytest.param("45 tests fail", "44 tests fail", "45", id="off by one"),
        pytest.param("10,000 rows", "10 rows", "10,000", id="a thousand times as much, without a unit"),
        pytest.param("It costs 12.5", "it costs 125", "12.5", id="a lost decimal point"),
        pytest.param("1200 people came", "1234 people", "1200", id="rounded without saying so"),
        pytest.param("About 2,000 people came", "1234 people", "2,000", id="about, but far off"),
        pytest.param("At most 251 calls", "up to 250 calls", "251", id="a limit is exact"),
        pytest.param("Needs 3.11.2", "requires 3.11.4", "3.11.2", id="another version"),
        pytest.param("Revenue was 12 million", "Revenue was 120 million", "12", id="a number cut short"),
        pytest.param("It is 123", "1 | 23", "123", id="two cells read as one"),
        pytest.param("5 % are lost", "7 of 900", "5", id="a small number with a unit"),
        pytest.param("It took 2.5 hours", "it took long", "2.5", id="a small number with a decimal"),
        pytest.param("In PR #4711", "a pull request", "4711", id="a number of something"),
    ],
)
def test_a_number_that_is_not_there_is_told(claim: str, evidence: str, number: str) -> None:
    assert missing(claim, evidence) == [number]


def test_numbers_of_any_length_are_read() -> None:
    assert missing("9" * 5_000, "1") == ["9" * 5_000]
    assert missing("9" * 5_000, "9" * 5_000) == []


def test_a_claim_without_numbers_has_none_in_its_quote() -> None:
    assert not are_in("It is late", "is 5")


def test_every_number_of_the_claim_must_be_in_the_quote() -> None:
    assert are_in("The port is 80", "port 80")
    assert not are_in("The ports are 80 and 443", "port 80")
