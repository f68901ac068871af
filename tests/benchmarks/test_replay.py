"""The replay of recorded outcomes: what it reads, what it hides from the policy, how it sums up, what it reports."""

import gzip
import importlib.util
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from benchmarks.cascade import decision_time, splits, unseen
from benchmarks.cascade.cases import BLOCKS, Case, Checker, Contest, cases_of, signals_of
from benchmarks.cascade.command import main
from benchmarks.cascade.costing import basis_of, cost
from benchmarks.cascade.half import Half, measured
from benchmarks.cascade.judged import Judged
from benchmarks.cascade.measures import Ends, apgr, cost_at, cpt, interval, mean
from benchmarks.cascade.recordings import Reading, Recording, chosen_pair, load, slices
from benchmarks.cascade.routes import WORTHS, stretches
from benchmarks.cascade.splits import Dealt, few_labels, halves
from benchmarks.cascade.totals import Totals
from benchmarks.cascade.unseen import families_left_out, resampled
from gemini_mcp.domain.calibration import Calibration, Evidence

Made = dict[str, Any]
Change = Callable[[dict[str, Any], int], None]
PAIR = "small,large"


def answer(right: float, **more: Any) -> Made:
    return {"s": right, "ans": "A" if right else "B", "out_chars": 200, "fmt_ok": 1, "hedge": 0, **more}


def recorded(count: int = 160, families: int = 4) -> list[dict[str, Any]]:
    """Prompts of which a small model gets 70 % right, a large one 83 %, and another small one, asked for a second
    opinion, tells most of the wrong answers by differing."""
    dice = Random(11)
    rows = []
    for number in range(count):
        small = float(dice.random() < 0.7)
        large = float(dice.random() < (0.93 if small else 0.6))
        agrees = dice.random() < (0.95 if small else 0.1)
        second = answer(small if agrees else 1.0 - small)
        made = {"small": answer(small), "large": answer(large), "other": second}
        rows.append(
            {"id": f"row-{number}", "family": f"quiz/{number % families}", "prompt": f"What is {number}?", "m": made}
        )
    return rows


def written(folder: Path, rows: list[dict[str, Any]], name: str = "made_up.jsonl") -> Path:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if name.endswith(".gz"):
        with gzip.open(folder / name, "wt", encoding="utf-8") as file:
            file.write(text)
    else:
        (folder / name).write_text(text, "utf-8")
    return folder


def replayed(folder: Path, *more: str) -> list[dict[str, Any]]:
    out = folder / "out" / "entries.json"
    arguments = ["--data", str(folder), "--json", str(out), "--splits", "3", "--processes", "1", *more]
    assert main(arguments) == 0
    found: list[dict[str, Any]] = json.loads(out.read_text("utf-8"), parse_constant=_no_constant)
    return found


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} is no number of JSON")


def policy(entry: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(policy for policy in entry["policies"] if policy["name"] == name)
    return found


def cases(rows: list[dict[str, Any]], second: str | None = "other", checker: Checker | None = None) -> list[Case]:
    return cases_of(Reading(), _read(rows), Contest("small", "large", second, 4.5), checker)[0]


def _read(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"in_chars": None, **row} for row in rows]


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Of a run with everything."""
    folder = written(tmp_path_factory.mktemp("thorough"), recorded(600))
    return replayed(folder, "--pair", PAIR, "--second", "other", "--labels", "5")


class TestEntries:
    def test_an_entry_has_the_agreed_fields_for_everything_that_is_measured(
        self, entries: list[dict[str, Any]]
    ) -> None:
        fields = {"slice", "ratio", "stress", "left_out", "n", "cheap", "strong", "union", "oracle_cost", "policies"}
        figures = {"name", "accuracy", "delta_vs_strong", "cost_share", "ci", "apgr", "cpt50", "cpt80"}
        assert all(fields <= entry.keys() for entry in entries)
        assert all(figures <= found.keys() for entry in entries for found in entry["policies"])
        assert {entry["ratio"] for entry in entries} == {4.5, 5.0, 20.0, 60.0}
        stressed = {entry["stress"] for entry in entries}
        assert stressed == {None, "strong worse than cheap", "no signals", "shuffled labels"}
        assert {entry["labels"] for entry in entries} == {None, 5}
        left_out = {entry["left_out"] for entry in entries} - {None}
        assert left_out == {"each family in turn", "quiz/0", "quiz/1", "quiz/2", "quiz/3"}

    def test_a_strong_model_that_is_worse_is_not_paid_for(self, entries: list[dict[str, Any]]) -> None:
        (entry,) = (entry for entry in entries if entry["stress"] == "strong worse than cheap")
        assert entry["strong"] < entry["cheap"]
        cheap = policy(entry, "all cheap")["cost_share"]
        for name in ("learned", "equal quality"):
            assert policy(entry, name)["cost_share"] <= 1.02 * cheap

    def test_shuffled_labels_are_learned_from_and_true_ones_measured(self, entries: list[dict[str, Any]]) -> None:
        (shuffled,) = (entry for entry in entries if entry["stress"] == "shuffled labels")
        (plain,) = (entry for entry in entries if entry["stress"] is None and entry["left_out"] is None
                    and entry["labels"] is None and entry["ratio"] == 4.5)  # fmt: skip
        for name in ("all cheap", "all strong", "default"):
            assert policy(shuffled, name)["accuracy"] == policy(plain, name)["accuracy"]
        assert policy(shuffled, "one point less")["cost_share"] > policy(plain, "one point less")["cost_share"]

    def test_the_columns_of_a_pair_are_counted_by_hand(self, tmp_path: Path) -> None:
        rows = recorded(40)
        for number, row in enumerate(rows):  # of 40: both right 20, mended 10, made wrong 5, both wrong 5
            row["m"] = {"small": answer(float(number < 25)), "large": answer(float(number < 20 or 25 <= number < 35))}
        (entry,) = replayed(written(tmp_path, rows), "--pair", PAIR, "--quick", "--ratio", "4")
        assert (entry["n"], entry["cheap"], entry["strong"], entry["union"]) == (40, 0.625, 0.75, 0.875)
        assert entry["cheap_cost"] == pytest.approx(0.25, abs=0.001)
        assert entry["oracle_cost"] == pytest.approx(0.25 + 5 / 40, abs=0.002)

    def test_a_coin_stands_on_the_random_line(self, tmp_path: Path) -> None:
        (entry,) = replayed(written(tmp_path, recorded(1_200)), "--pair", PAIR, "--quick")
        coin = policy(entry, "random")
        assert coin["apgr"] == pytest.approx(0.5, abs=0.04)
        assert coin["cpt50"] == pytest.approx(0.5, abs=0.06)

    def test_a_telling_second_opinion_is_better_than_a_coin_and_costs_less_than_the_strong_model(
        self, tmp_path: Path
    ) -> None:
        (entry,) = replayed(written(tmp_path, recorded(800)), "--pair", PAIR, "--quick", "--second", "other")
        assert policy(entry, "cascade")["apgr"] > 0.6
        assert policy(entry, "one point less")["cost_share"] < 0.95
        assert policy(entry, "default")["accuracy"] > entry["cheap"] + 0.05

    def test_no_model_needs_to_be_named(self, tmp_path: Path) -> None:
        rows = recorded()
        for row in rows:
            del row["m"]["other"]
        entries = replayed(written(tmp_path, rows), "--quick")
        assert {tuple(entry["pair"]) for entry in entries} == {("small", "large")}

    def test_the_curve_runs_along_its_cost(self, tmp_path: Path) -> None:
        (entry,) = replayed(written(tmp_path, recorded(400)), "--pair", PAIR, "--quick", "--second", "other")
        costs = [point[0] for point in entry["curve"]]
        assert costs == sorted(costs)
        assert len(costs) <= len(WORTHS)


def _without(*names: str) -> Change:
    def change(row: dict[str, Any], number: int) -> None:
        for name in names:
            row.pop(name, None)
            for made in row["m"].values():
                made.pop(name, None)

    return change


def _with(name: str, value: Callable[[int, str], Any]) -> Change:
    def change(row: dict[str, Any], number: int) -> None:
        for model, made in row["m"].items():
            made[name] = value(number, model)

    return change


def _row_with(name: str, value: Callable[[int], Any]) -> Change:
    def change(row: dict[str, Any], number: int) -> None:
        row[name] = value(number)

    return change


def _second_sometimes_silent(row: dict[str, Any], number: int) -> None:
    if number % 3:
        row["m"]["other"].pop("ans")


def _few_of_another(row: dict[str, Any], number: int) -> None:
    if number < 5:
        row["m"]["rare"] = answer(1.0)


def _unscored(row: dict[str, Any], number: int) -> None:
    if number % 10 == 0:
        row["m"]["other"]["s"] = None


class TestFilesOfTheFormat:
    @pytest.mark.parametrize(
        "change",
        [
            _without("prompt"),
            _without("id", "family"),
            _without("ans"),
            _without("fmt_ok", "hedge", "out_chars"),
            _with("s", lambda number, model: (number * len(model)) % 7 / 6),
            _with("s", lambda number, model: number % 3 == 0 or model == "large"),
            _with("s", lambda number, model: 1),
            _with("hedge", lambda number, model: number % 2 == 0),
            _with("hedge", lambda number, model: "perhaps"),
            _with("conf", lambda number, model: -0.01 * (number % 50)),
            _with("conf", lambda number, model: (number % 50) / 50),
            _with("conf", lambda number, model: None if number % 2 else "sure"),
            _with("cost", lambda number, model: 0.001 if model == "small" else None),
            _with("cost", lambda number, model: 0),
            _with("cost", lambda number, model: 0.001 if model == "large" else 0.01),
            _with("cost", lambda number, model: "free"),
            _with("out_chars", lambda number, model: "long"),
            _with("usage", lambda number, model: {"cached": 3}),
            _with("usage", lambda number, model: [1, 2]),
            _with("ans", lambda number, model: [number, None]),
            _with("ans", lambda number, model: 42),
            _with("err", lambda number, model: "timeout" if number % 9 == 0 else None),
            _row_with("id", lambda number: f"twice {number // 2}"),
            _row_with("id", lambda number: number),
            _row_with("family", lambda number: "Größe/数学 🙂"),
            _row_with("prompt", lambda number: "long " * 20_000 if number == 3 else ""),
            _second_sometimes_silent,
            _few_of_another,
            _unscored,
        ],
    )  # fmt: skip
    def test_what_a_row_may_lack_or_have_is_measured(self, change: Change, tmp_path: Path) -> None:
        rows = recorded(90, families=3)
        for number, row in enumerate(rows):
            change(row, number)
        entries = replayed(written(tmp_path, rows), "--pair", PAIR, "--second", "other", "--quick")
        assert all(0.0 <= found["accuracy"] <= 1.0 for entry in entries for found in entry["policies"])

    @pytest.mark.parametrize("name", ["plain.jsonl", "packed.jsonl.gz"])
    def test_files_may_be_packed(self, name: str, tmp_path: Path) -> None:
        (entry,) = replayed(written(tmp_path, recorded(80), name), "--pair", PAIR, "--quick")
        assert entry["slice"] == name.partition(".")[0]

    @pytest.mark.parametrize(
        ("line", "named"),
        [
            ("{", "line 81"),
            ("[]", "line 81"),
            ('{"id": "x", "family": "f", "m": []}', "m must"),
            ('{"id": "x", "family": "f", "m": {"small": 1}}', "small"),
            ('{"id": "x", "family": "f", "m": {"small": {"s": 2}}}', "small"),
            ('{"id": "x", "family": "f", "m": {"small": {"s": NaN}}}', "small"),
            ('{"id": "x", "family": "f", "m": {"small": {"s": "good"}}}', "small"),
            ('{"id": "x", "family": "f", "prompt": 3, "m": {}}', "prompt"),
            ("[" * 100_000, "line 81"),
        ],
    )
    def test_a_line_that_cannot_be_used_is_named(
        self, line: str, named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        written(tmp_path, recorded(80))
        with (tmp_path / "made_up.jsonl").open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        assert main(["--data", str(tmp_path), "--pair", PAIR]) == 2
        assert named in _one_line(capsys)

    @pytest.mark.parametrize(
        ("more", "named"),
        [
            (["--pair", "small,unheard"], "large, other, small"),
            (["--pair", PAIR, "--second", "unheard"], "unheard"),
            (["--pair", PAIR, "--second", "large"], "large"),
        ],
    )
    def test_models_that_are_not_in_the_data_are_said_to_be_missing(
        self, more: list[str], named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["--data", str(written(tmp_path, recorded(80))), *more]) == 2
        assert named in _one_line(capsys)

    @pytest.mark.parametrize("content", [b"", b"\x1f\x8b\x08\x00broken", b"\xff\xfe\x00"])
    @pytest.mark.parametrize("name", ["one.jsonl", "one.jsonl.gz"])
    def test_a_broken_or_empty_file_is_one_clear_line(
        self, content: bytes, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / name).write_bytes(content)
        assert main(["--data", str(tmp_path)]) == 2
        _one_line(capsys)

    def test_a_set_of_one_row_is_too_small_to_measure(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["--data", str(written(tmp_path, recorded(1))), "--pair", PAIR]) == 2
        assert "40 rows" in _one_line(capsys)

    def test_a_folder_that_is_not_there_is_one_clear_line(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["--data", str(tmp_path / "nowhere")]) == 2
        _one_line(capsys)

    def test_rows_of_one_id_are_never_on_both_sides_of_a_split(self) -> None:
        rows = recorded(120)
        for number, row in enumerate(rows):
            row["id"] = f"thrice {number // 3}"
        found = cases(rows)
        assert all(len({case.block for case in found[first : first + 3]}) == 1 for first in range(0, 120, 3))
        assert {case.block for case in found} == set(range(BLOCKS))

    def test_the_best_model_and_the_next_that_is_clearly_worse_are_chosen(self) -> None:
        def row(number: int) -> dict[str, Any]:
            scores = {"best": 1.0, "as good": 1.0, "worse": float(number % 10 > 0), "bad": float(number % 2)}
            return {"family": "f", "m": {model: {"s": score} for model, score in scores.items()}}

        recording = Recording("set", tuple(row(number) for number in range(50)), Reading())
        assert chosen_pair(recording) == ("worse", "best")
        assert chosen_pair(Recording("empty", (), Reading())) is None

    def test_a_set_is_sliced_by_the_first_part_of_its_families(self) -> None:
        rows = [{"family": f"{kind}/{n}", "m": {"a": {}, "b": {}}} for n, kind in enumerate(["code", "math", "code"])]
        found = slices(Recording("set", (*rows, {"family": "code", "m": {"a": {}}}), Reading()), "a", "b")
        assert {name: len(some) for name, some in found.items()} == {"set": 3, "set:code": 2, "set:math": 1}


def _one_line(capsys: pytest.CaptureFixture[str]) -> str:
    said = capsys.readouterr().err
    assert said.startswith("replay: ")
    assert len(said.strip().splitlines()) == 1
    return said


class TestWhatThePolicySees:
    def test_the_score_and_the_right_answer_are_not_seen(self) -> None:
        one, other = recorded(1)[0], recorded(1)[0]
        other["m"]["small"]["s"], other["gold"] = 1.0 - one["m"]["small"]["s"], "Z"
        (first,), (second,) = cases([one]), cases([other])
        assert (first.traits, first.seen, first.agrees) == (second.traits, second.seen, second.agrees)

    def test_an_error_that_a_grader_wrote_is_not_seen(self, tmp_path: Path) -> None:
        rows = recorded(40)
        for row in rows:
            for made in row["m"].values():
                made["err"] = "all values match" if made["s"] else "wrong value"
        (recording,) = load(written(tmp_path, rows))
        assert recording.reading.err_is_verdict
        assert signals_of(recording.reading, recording.rows[0]["m"]["small"]).formed is True

    def test_a_mark_on_wrong_answers_alone_is_a_graders_when_it_never_fails(self, tmp_path: Path) -> None:
        rows = recorded(40)
        for row in rows:
            for made in row["m"].values():
                made["err"] = None if made["s"] else "mismatch"
        assert load(written(tmp_path, rows))[0].reading.err_is_verdict

    def test_an_error_of_the_call_is_seen(self, tmp_path: Path) -> None:
        rows = recorded(40)
        for row in rows[::8]:
            row["m"]["small"] |= {"err": "cut off", "s": 0.0}
        (recording,) = load(written(tmp_path, rows))
        assert not recording.reading.err_is_verdict
        assert signals_of(recording.reading, recording.rows[0]["m"]["small"]).formed is False

    @pytest.mark.parametrize(("values", "given"), [([-0.5, -2.0], -0.5), ([0.6065, 0.1], 0.6065), ([60.65, 10], 60.65)])
    def test_confidence_is_read_as_log_probability_share_or_per_cent(
        self, values: list[float], given: float, tmp_path: Path
    ) -> None:
        rows = recorded(2)
        for row, value in zip(rows, values, strict=True):
            row["m"]["small"]["conf"] = value
        reading = load(written(tmp_path, rows))[0].reading
        assert reading.log_probability(given) == pytest.approx(-0.5, abs=0.001)

    def test_answers_are_compared_after_normalisation(self) -> None:
        row = recorded(1)[0]
        row["m"]["small"]["ans"], row["m"]["other"]["ans"] = "1,000", "1000.0"
        assert cases([row])[0].agrees is True
        row["m"]["other"]["ans"] = None
        assert cases([row])[0].agrees is None

    def test_a_simulated_checker_splits_a_row_by_chance_and_loses_nothing(self) -> None:
        checker = Checker(sensitivity=0.8, false_alarm=0.1)
        for right, failing in ((1.0, 0.1), (0.0, 0.8), (0.5, 0.45)):
            row = recorded(1)[0]
            row["m"]["small"]["s"] = right
            parts = {case.signals.tests: case for case in cases([row], checker=checker)}
            assert parts[False].weight == pytest.approx(failing)
            assert parts[True].weight == pytest.approx(1 - failing)
            assert sum(case.weight * case.cheap for case in parts.values()) == pytest.approx(right)


class TestCosts:
    @pytest.mark.parametrize(
        "usage",
        [
            {"input": 100, "output": 30},
            {"input_tokens": 100, "output_tokens": 30},
            {"prompt_tokens": 100, "completion_tokens": 30, "total_tokens": 130},
            {"promptTokenCount": 100, "candidatesTokenCount": 10, "thoughtsTokenCount": 20},
            {"promptTokenCount": 100, "candidatesTokenCount": 10, "totalTokenCount": 130},
            {"inputTokens": 100, "totalTokens": 130},
            {"outputTokens": 30, "totalTokens": 130},
        ],
    )
    def test_tokens_count_however_they_are_spelled(self, usage: dict[str, int]) -> None:
        row = {"prompt": "", "in_chars": None, "m": {"a": {"usage": usage}}}
        assert basis_of([row], ["a"], "a") == "usage"
        assert cost(row, "a", "usage", 0.5) == 0.5 * (100 + 5 * 30)

    def test_costs_come_from_the_best_that_every_row_has(self) -> None:
        full = {"cost": 0.01, "usage": {"input": 1, "output": 1}, "in_tok": 1, "out_tok": 1, "out_chars": 1}
        order = []
        for name in (None, "cost", "usage", "out_tok", "out_chars"):
            full.pop(name or "", None)
            partly = [{"prompt": "p", "in_chars": None, "m": {"a": made, "b": full}} for made in ({**full}, full)]
            order.append(basis_of(partly, ["a", "b"], "b"))
        assert order == ["cost", "usage", "tokens", "characters", "calls"]

    def test_dollars_that_some_rows_lack_are_not_used(self) -> None:
        made = ({"cost": 1.0, "out_chars": 9}, {"out_chars": 9})
        rows = [{"prompt": "p", "in_chars": None, "m": {"a": some}} for some in made]
        assert basis_of(rows, ["a"], "a") == "characters"

    def test_a_strong_model_that_costs_nothing_is_counted_by_the_next_best(self) -> None:
        rows = [{"prompt": "p", "in_chars": None, "m": {"a": {"cost": 1.0}, "b": {"cost": 0.0}}}]
        assert basis_of(rows, ["a", "b"], "b") == "calls"
        assert basis_of(rows, ["a", "b"], "a") == "cost"

    def test_every_call_is_charged_second_opinions_and_rejected_answers_too(self) -> None:
        rows = recorded(200)
        found = list(halves(Dealt(cases(rows)), 2))
        for half in found:
            assert all(totals.mean_cost >= half.cheap.mean_cost - 1e-9 for totals in half.at_worths)
            free = half.at_worths[0]
            assert free.mean_cost > half.cheap.mean_cost + 0.1


class TestMeasures:
    def test_a_straight_line_recovers_half(self) -> None:
        line = [(0.0, 0.0), (1.0, 1.0)]
        assert apgr(line) == pytest.approx(0.5)
        assert cpt(line, 0.8) == pytest.approx(0.8)

    def test_a_curve_that_is_right_at_once_recovers_all(self) -> None:
        curve = Ends(0.5, 0.9, 0.2, 1.0).curve([(0.9, 0.2)])
        assert apgr(curve) == pytest.approx(1.0, abs=0.01)
        assert cpt(curve, 0.5) == pytest.approx(0.0)

    def test_there_is_no_gap_to_recover_where_the_strong_model_is_worse_or_cheaper(self) -> None:
        assert Ends(0.9, 0.5, 0.2, 1.0).curve([]) is None
        assert Ends(0.5, 0.9, 1.0, 0.2).curve([]) is None
        assert apgr(None) is None
        assert cpt(None, 0.5) is None

    def test_the_cost_of_an_accuracy_lies_between_the_points_around_it(self) -> None:
        assert cost_at([(1.0, 0.8), (0.5, 0.7), (0.2, 0.4)], 0.75) == pytest.approx(0.75)
        assert cost_at([(0.2, 0.4)], 0.3) == 0.2
        assert cost_at([(0.2, 0.4)], 0.5) is None

    def test_means_and_intervals_of_nothing_are_nothing(self) -> None:
        assert mean([None, None, 1.0]) is None
        assert mean([None, 1.0, 3.0]) == 2.0
        assert interval([]) is None
        assert interval([float(value) for value in range(101)]) == [2.0, 98.0]

    def test_the_worth_chosen_is_the_cheapest_that_is_good_enough(self) -> None:
        curve = [Totals(100, 80 - place, 100 - 3 * place) for place in range(len(WORTHS))]
        judged = Judged(Totals(100, 60, 20), Totals(100, 75, 100), curve)
        assert judged.worth_for(0.0) == WORTHS[5]
        assert judged.worth_for(3.0) == WORTHS[8]
        assert Judged(Totals(100, 60, 20), Totals(100, 95, 100), curve).worth_for(0.0) is None

    def test_worths_at_which_something_cheaper_was_better_are_not_kept(self) -> None:
        accuracies = [70, 75, 60, *(50 - place for place in range(len(WORTHS) - 3))]
        curve = [Totals(100, right, 100 - 3 * place) for place, right in enumerate(accuracies)]
        kept = Judged(Totals(100, 10, 20), Totals(100, 75, 100), curve).undominated
        assert 0 not in kept
        assert {1, 2, 3} <= set(kept)

    @pytest.mark.parametrize("changes", [(), (1,), (7, 8), (2, 11, 20)])
    def test_what_changes_seldom_is_found_without_looking_everywhere(self, changes: tuple[int, ...]) -> None:
        looked: list[int] = []

        def found_at(place: int) -> int:
            looked.append(place)
            return sum(place >= change for change in changes)

        found = list(stretches(found_at, len(WORTHS)))
        assert [start for start, _, _ in found] == [0, *changes]
        assert [stop for _, stop, _ in found] == [*changes, len(WORTHS)]
        assert len(looked) == len(set(looked)) < len(WORTHS)


class TestUnseenFamilies:
    def test_the_worth_for_a_family_is_chosen_by_the_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        judged_by: list[tuple[str, float]] = []

        def noting(some: list[Case], curve: list[Totals], default: Totals, judged: Judged, dice: Random) -> Half:
            judged_by.append((some[0].family, judged.strong.right))
            return measured(some, curve, default, judged, dice)

        monkeypatch.setattr(unseen, "measured", noting)
        found = cases(recorded(400))
        list(families_left_out(found, 12))
        for family, right in judged_by:
            assert right == pytest.approx(sum(case.strong for case in found if case.family != family))

    def test_every_case_is_measured_once(self) -> None:
        found = list(families_left_out(cases(recorded(300, families=30)), 12))
        assert len(found) == 12
        parts = [half for group in found for halves in group.values() for half in halves]
        assert sum(half.cheap.cases for half in parts) == pytest.approx(300)

    def test_one_family_alone_cannot_be_left_out(self) -> None:
        assert list(families_left_out(cases(recorded(80, families=1)), 12)) == []

    def test_the_choice_of_families_is_part_of_the_interval(self) -> None:
        rows = recorded(600, families=6)
        for row in rows:  # in half of the families the strong model is no help
            if int(row["family"][-1]) % 2:
                row["m"]["large"]["s"] = row["m"]["small"]["s"]
        families = [halves for group in families_left_out(cases(rows), 12) for halves in group.values()]
        by_family = [half.strong.accuracy - half.cheap.accuracy for half in resampled(families, 200)]
        together = [[half for halves in families for half in halves]]
        by_block = [half.strong.accuracy - half.cheap.accuracy for half in resampled(together, 200)]
        assert _width(by_family) > 1.2 * _width(by_block)


def _width(values: list[float]) -> float:
    low, high = interval(values) or [math.nan, math.nan]
    return high - low


class TestFewLabels:
    def test_so_many_of_each_family_are_learned_from(self, monkeypatch: pytest.MonkeyPatch) -> None:
        learned: list[float] = []

        class Counting(Calibration):
            def __init__(self, evidence: Evidence | None = None) -> None:
                super().__init__(evidence)
                learned.append(self.outcomes)

        monkeypatch.setattr(splits, "Calibration", Counting)
        found = list(few_labels(Dealt(cases(recorded(400))), 7, 2))
        assert [count for count in learned if count] == [28, 28]
        assert all({"default", "learned"} == set(half.policies) for half in found)


class TestPictures:
    def test_missing_matplotlib_is_said_before_the_work(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
        folder = written(tmp_path, recorded(60))
        assert main(["--data", str(folder), "--pair", PAIR, "--plots", str(tmp_path / "pictures")]) == 2
        assert "pip install matplotlib" in _one_line(capsys)

    def test_what_is_drawn_is_what_was_measured(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        replayed(written(tmp_path, recorded(60)), "--pair", PAIR, "--quick", "--plots", "pictures")
        assert {path.suffix for path in Path("pictures").iterdir()} == {".png", ".svg"}


@pytest.fixture
def fewer(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(decision_time, "OUTCOMES", 200)
    monkeypatch.setattr(decision_time, "DECISIONS", 20)
    yield


def test_the_time_of_a_decision_is_printed_in_milliseconds(fewer: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert decision_time.main() == 0
    said = capsys.readouterr().out
    assert "p50" in said and "p99" in said and "ms" in said
