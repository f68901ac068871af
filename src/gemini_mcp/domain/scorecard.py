"""A scorecard: what each feature adds to an expectation, learned from few cases and no surer than they allow.

Bayesian linear regression in closed form. Every feature starts at the weight that is expected of it, give or take a
spread; cases move it as far as they outweigh that. So a family of ten cases borrows from all others, and one of a
thousand stands on its own. Sums of cases can be added up, which makes learning from one more of them cheap.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

Prior = Callable[[str], tuple[float, float]]
"""For a feature, the weight that is expected of it, and its standard deviation."""

COMMON = "base"
"""The feature of every case."""

_CLEARLY = 1.0
"""How much better, in nats, features must explain cases than none does."""

_RARELY = 1e-9
_ENOUGH = 20
"""Cases, before anything follows from them."""

_SEVERAL = 5.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """``mean`` with its standard deviation, and what was expected before any case."""

    mean: float
    sd: float
    expected: float


@dataclass(slots=True)
class Sums:
    """What cases come to: all that a scorecard is made from. ``products`` is keyed by pairs of features, the lesser
    first."""

    cases: float = 0.0
    total: float = 0.0
    squares: float = 0.0
    products: dict[tuple[str, str], float] = field(default_factory=dict)
    targets: dict[str, float] = field(default_factory=dict)

    def add(self, features: Sequence[str], value: float, weight: float = 1.0) -> None:
        """One case: its features, each once, and what was found."""
        self.cases += weight
        self.total += weight * value
        self.squares += weight * value * value
        ordered = sorted(features)
        products, targets = self.products, self.targets
        for place, one in enumerate(ordered):
            targets[one] = targets.get(one, 0.0) + weight * value
            for other in ordered[place:]:
                pair = (one, other)
                products[pair] = products.get(pair, 0.0) + weight

    @property
    def surely_negative(self) -> bool:
        """Whether the mean of what was found is below zero by more than chance explains, and not for a case or two."""
        if self.cases < _ENOUGH or self.total > -_SEVERAL:
            return False
        mean = self.total / self.cases
        variance = max(0.0, self.squares / self.cases - mean * mean)
        return mean + 2.0 * math.sqrt(variance / self.cases) < 0.0

    def __add__(self, other: "Sums") -> "Sums":
        both = Sums(self.cases + other.cases, self.total + other.total, self.squares + other.squares)
        both.products, both.targets = self.products.copy(), self.targets.copy()
        for pair, count in other.products.items():
            both.products[pair] = both.products.get(pair, 0.0) + count
        for name, value in other.targets.items():
            both.targets[name] = both.targets.get(name, 0.0) + value
        return both


class Scorecard:
    """The weights of features after so many cases. ``noise``: the standard deviation of a case around its
    expectation."""

    def __init__(self, sums: Sums, prior: Prior, noise: float) -> None:
        self._prior, self._noise = prior, noise
        self._sums = sums
        names = sorted(sums.targets)
        self._index = {name: place for place, name in enumerate(names)}
        expected = [prior(name) for name in names]
        self._expected = [mean for mean, _ in expected]
        self._precision = [1.0 / (sd * sd) for _, sd in expected]
        self._lower = _cholesky(self._posterior_precision())
        scaled = [p * m for p, m in zip(self._precision, self._expected, strict=True)]
        pulls = [s + sums.targets[name] / noise**2 for s, name in zip(scaled, names, strict=True)]
        self._weights = _solve(self._lower, pulls)

    def _posterior_precision(self) -> list[list[float]]:
        size, per_case = len(self._index), 1.0 / self._noise**2
        matrix = [[0.0] * size for _ in range(size)]
        for (one, other), count in self._sums.products.items():
            i, j = self._index[one], self._index[other]
            matrix[max(i, j)][min(i, j)] = count * per_case
        for place, precision in enumerate(self._precision):
            matrix[place][place] += precision
        return matrix

    def prepare(self) -> None:
        """Work out what estimates need, which takes some ten milliseconds for a hundred features."""
        _ = self._covariance

    def expectation(self, features: Iterable[str]) -> float:
        """What was expected before any case."""
        return sum(self._prior(name)[0] for name in features)

    @cached_property
    def _covariance(self) -> list[list[float]]:
        return _inverse(self._lower)

    def mean(self, features: Iterable[str]) -> float:
        """The expectation for a case of these features. Unheard-of ones count as they were expected to."""
        index, weights = self._index, self._weights
        total = 0.0
        for name in features:
            place = index.get(name)
            total += self._prior(name)[0] if place is None else weights[place]
        return total

    def estimate(self, features: Sequence[str]) -> Estimate:
        """The expectation, how sure it is, and what it was before any case."""
        places = [self._index[name] for name in features if name in self._index]
        unheard = [self._prior(name) for name in features if name not in self._index]
        mean = sum(self._weights[p] for p in places) + sum(m for m, _ in unheard)
        expected = sum(self._expected[p] for p in places) + sum(m for m, _ in unheard)
        rows = [self._covariance[p] for p in places]
        variance = sum(row[p] for row in rows for p in places) + sum(sd * sd for _, sd in unheard)
        return Estimate(mean, math.sqrt(max(0.0, variance)), expected)

    @property
    def informed(self) -> bool:
        """Whether the cases fit the features better than they fit none: labels that were shuffled, or that no feature
        tells anything about, are nothing to learn from."""
        enough = self._sums.cases >= _ENOUGH
        return enough and self._log_evidence() > self._log_evidence_of_none() + _CLEARLY

    def _log_evidence(self) -> float:
        """Of the cases under this scorecard, less what both models share."""
        variance = self._noise**2
        determinant = 2.0 * sum(math.log(row[i]) for i, row in enumerate(self._lower))
        before = sum(math.log(p) for p in self._precision)
        quadratic = sum(p * m * m for p, m in zip(self._precision, self._expected, strict=True))
        pulled = _times_transposed(self._lower, self._weights)
        explained = sum(x * x for x in pulled)
        return -0.5 * (determinant - before + self._sums.squares / variance + quadratic - explained)

    def _log_evidence_of_none(self) -> float:
        """Of the same cases when all have one expectation: the common feature alone."""
        sums, variance = self._sums, self._noise**2
        expected, sd = self._prior(COMMON)
        before = 1.0 / (sd * sd)
        precision = before + sums.cases / variance
        mean = (before * expected + sums.total / variance) / precision
        quadratic = sums.squares / variance + before * expected**2 - precision * mean**2
        return -0.5 * (math.log(precision / before) + quadratic)


def _cholesky(matrix: list[list[float]]) -> list[list[float]]:
    """The lower triangle whose product with its transpose is the matrix, of which only the lower half is read."""
    size = len(matrix)
    lower = [[0.0] * size for _ in range(size)]
    for i in range(size):
        row = lower[i]
        for j in range(i):
            other = lower[j]
            row[j] = (matrix[i][j] - sum(map(float.__mul__, row[:j], other[:j]))) / other[j]
        row[i] = math.sqrt(max(_RARELY, matrix[i][i] - sum(x * x for x in row[:i])))
    return lower


def _solve(lower: list[list[float]], right: Sequence[float]) -> list[float]:
    """x of L L^T x = right."""
    size = len(lower)
    found = [0.0] * size
    for i in range(size):
        row = lower[i]
        found[i] = (right[i] - sum(map(float.__mul__, row[:i], found[:i]))) / row[i]
    for i in reversed(range(size)):
        found[i] = (found[i] - sum(lower[k][i] * found[k] for k in range(i + 1, size))) / lower[i][i]
    return found


def _inverse(lower: list[list[float]]) -> list[list[float]]:
    """Of L L^T."""
    size = len(lower)
    columns = [_forward_unit(lower, i) for i in range(size)]
    whole = [[0.0] * size for _ in range(size)]
    for i in range(size):
        for j in range(i + 1):
            first, second = columns[i], columns[j]
            whole[i][j] = whole[j][i] = sum(map(float.__mul__, first[i:], second[i:]))
    return whole


def _forward_unit(lower: list[list[float]], unit: int) -> list[float]:
    """x of L x = the unit vector."""
    found = [0.0] * len(lower)
    found[unit] = 1.0 / lower[unit][unit]
    for i in range(unit + 1, len(lower)):
        row = lower[i]
        found[i] = -sum(map(float.__mul__, row[unit:i], found[unit:i])) / row[i]
    return found


def _times_transposed(lower: list[list[float]], vector: Sequence[float]) -> list[float]:
    """L^T x."""
    size = len(lower)
    return [sum(lower[k][i] * vector[k] for k in range(i, size)) for i in range(size)]
