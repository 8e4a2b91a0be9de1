"""Intervals by resampling what depends on each other together: acquisition blocks, or patients.

Radiographs of one patient are not independent, and neither are those taken one after the other: errors come in runs.
Where the order of acquisition is known, the bootstrap draws blocks of consecutive radiographs within each series
(Politis and Romano 1992, "A circular block-resampling procedure for stationary data": the circular block bootstrap).
Elsewhere it draws patients (Field and Welsh 2007, "Bootstrapping clustered data": the cluster bootstrap). Both take
percentiles. A resample is a row of weights, how often each radiograph was drawn, so every metric is a function of a
weight matrix and 2,000 resamples are a few matrix products.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Weights: TypeAlias = NDArray[np.float64]
"""Shape (R, N): how often each of N radiographs counts in each of R resamples."""

Statistic: TypeAlias = Callable[[Weights], NDArray[np.float64]]
"""A metric of weighted radiographs: weights (R, N) to values (R,), NaN where the metric is not defined."""

Key = TypeVar("Key", bound=Hashable)

LEVEL = 0.95
BLOCK = 20
"""Consecutive radiographs in a block."""
_NO_WIDTH = 1e-12  # rounding apart
_ELEMENTS = 2_000_000  # of a weight matrix held at once: 16 MB


@dataclass(frozen=True)
class Estimate:
    """A metric with its 95% interval; None where it is not defined.

    Attributes:
        value: the metric on the radiographs as they are.
        low: lower end of the interval.
        high: upper end of the interval.
    """

    value: float | None
    low: float | None
    high: float | None


class Unit(StrEnum):
    """What the bootstrap draws."""

    BLOCK = "acquisition block"
    PATIENT = "patient"


@dataclass(frozen=True)
class Resampling:
    """How the bootstrap draws.

    Attributes:
        count: number of resamples.
        seed: of the random numbers; the same seed gives the same intervals.
        unit: what is drawn.
        block: consecutive radiographs in an acquisition block, above 0; of no effect where patients are drawn.
    """

    count: int = 2000
    seed: int = 0
    unit: Unit = Unit.PATIENT
    block: int = BLOCK


@dataclass(frozen=True, eq=False)
class Proportion:
    """The share of ``among`` that are ``hits``: accuracy, recall, specificity and precision are all of this form.

    Attributes:
        hits: bool, shape (N,), a subset of ``among``.
        among: bool, shape (N,).
    """

    hits: NDArray[np.bool_]
    among: NDArray[np.bool_]

    def __call__(self, weights: Weights) -> NDArray[np.float64]:
        """The share in each resample, shape (R,); NaN where ``among`` is empty."""
        return divide(weights @ (self.hits & self.among), weights @ self.among)


def divide(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide, with NaN where the denominator is zero."""
    quotient = np.full(np.shape(denominator), np.nan)
    np.divide(numerator, denominator, out=quotient, where=denominator != 0)
    return quotient


def estimates(
    statistics: Mapping[Key, Statistic],
    patients: NDArray[np.int64],
    resampling: Resampling,
    series: Sequence[NDArray[np.intp]] = (),
) -> dict[Key, Estimate]:
    """Measure every statistic on the same resamples.

    Args:
        statistics: the metrics by name, or by any other key.
        patients: int, shape (N,), the number of each radiograph's patient, 0 to P - 1.
        resampling: how many resamples, of what, and the seed.
        series: where blocks are drawn, the rows of each acquisition series in the order of acquisition; together they
            hold every row of 0 to N - 1 once.

    Returns:
        For each key the value on all radiographs and the 2.5 and 97.5 percentiles over the resamples in which the
        statistic is defined. A proportion that is 0 or 1 would get an interval of no width; it gets the exact
        Clopper-Pearson bound for its number of patients instead. Any other statistic that is the same in all resamples
        gets none.

    Raises:
        ValueError: blocks are to be drawn, and the series do not hold every row once.
    """
    rows = len(patients)
    if resampling.unit is Unit.BLOCK and sorted(np.concatenate([*series, []])) != list(range(rows)):
        raise ValueError("the series must hold every radiograph once")
    everyone = np.ones((1, rows))
    values = {name: float(statistic(everyone)[0]) for name, statistic in statistics.items()}
    draws: dict[Key, list[NDArray[np.float64]]] = {name: [] for name in statistics}
    for weights in _weights(patients, resampling, series):
        for name, statistic in statistics.items():
            draws[name].append(statistic(weights))
    return {
        name: _estimate(values[name], np.concatenate(draws[name]), statistic, patients)
        for name, statistic in statistics.items()
    }


def _weights(
    patients: NDArray[np.int64], resampling: Resampling, series: Sequence[NDArray[np.intp]]
) -> Iterator[Weights]:
    """The resamples in parts that fit in memory; the draws do not depend on the size of a part."""
    generator = np.random.default_rng(resampling.seed)
    part = max(1, _ELEMENTS // len(patients))
    for start in range(0, resampling.count, part):
        count = min(part, resampling.count - start)
        if resampling.unit is Unit.BLOCK:
            yield np.stack([_drawn_blocks(series, resampling.block, generator) for _ in range(count)])
        else:
            people = int(patients.max()) + 1
            drawn = generator.multinomial(people, np.full(people, 1 / people), size=count)
            yield drawn[:, patients].astype(np.float64)


def _drawn_blocks(
    series: Sequence[NDArray[np.intp]], block: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """One resample, shape (N,): blocks drawn in every series until it has its length; the last one is cut.

    A series is closed to a circle, so that its ends are drawn as often as its middle.
    """
    weights = np.zeros(sum(map(len, series)))
    for rows in series:
        length = min(block, len(rows))
        starts = generator.integers(0, len(rows), size=-(-len(rows) // length))
        drawn = (starts[:, None] + np.arange(length)).ravel()[: len(rows)]
        np.add.at(weights, rows[drawn % len(rows)], 1)
    return weights


def _estimate(value: float, draws: NDArray[np.float64], statistic: Statistic, patients: NDArray[np.int64]) -> Estimate:
    if np.isnan(value):
        return Estimate(None, None, None)
    if isinstance(statistic, Proportion) and value in (0.0, 1.0):
        bound = ((1 - LEVEL) / 2) ** (1 / len(np.unique(patients[statistic.among])))
        return Estimate(value, bound, 1.0) if value == 1.0 else Estimate(value, 0.0, 1 - bound)
    defined = draws[~np.isnan(draws)]
    if not len(defined) or np.ptp(defined) < _NO_WIDTH:
        return Estimate(value, None, None)
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(value, float(low), float(high))
