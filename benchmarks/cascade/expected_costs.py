"""What calls of a kind are expected to cost, from the calibrating half. In production the catalogue says so."""

from collections import defaultdict
from collections.abc import Iterable

from benchmarks.cascade.cases import Case
from gemini_mcp.domain.policy import Prices

_BORROWED = 10.0
_LEAST = 0.001


class ExpectedCosts:
    """By family and by the length of the cheap answer, each borrowing from what is more general."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self._sums: defaultdict[tuple[str, ...], list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0, 0.0])
        for case in cases:
            band = _band(case)
            for key in ((), (case.family,), ("", band), (case.family, band)):
                sums = self._sums[key]
                sums[0] += case.weight
                for place, value in enumerate((case.cheap_cost, case.strong_cost, case.second_cost), 1):
                    sums[place] += case.weight * value
        self._known: dict[tuple[str, str | None], tuple[float, float, float]] = {}

    def before(self, case: Case) -> Prices:
        """As long as there is no answer."""
        return self._prices(case, None)

    def after(self, case: Case) -> Prices:
        """When the cheap answer is there."""
        return self._prices(case, _band(case))

    def _prices(self, case: Case, band: str | None) -> Prices:
        cheap, strong, second = self._means(case.family, band)
        return Prices(answer=cheap, above=max(_LEAST, strong), second=second if case.agrees is not None else None)

    def _means(self, family: str, band: str | None) -> tuple[float, float, float]:
        known = self._known.get((family, band))
        if known is None:
            keys = [(), (family,)] if band is None else [(), ("", band), (family, band)]
            found = (0.0, 0.0, 0.0)
            for key in keys:
                count, *sums = self._sums.get(key, [0.0, 0.0, 0.0, 0.0])
                lent = _BORROWED if key else 0.0
                if count + lent:
                    found = tuple((s + lent * m) / (count + lent) for s, m in zip(sums, found, strict=True))  # type: ignore[assignment]
            known = self._known[family, band] = found
        return known


def _band(case: Case) -> str:
    return next((feature for feature in case.seen if feature.startswith("answer length")), "")
