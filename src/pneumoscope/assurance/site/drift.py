"""Whether what is seen agrees with a reference that is itself only estimated."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pneumoscope.decision.prevalence import estimate_prevalence

TAIL = 0.00135
"""The chance of an alarm without a cause, on each side of one point of a chart: that of three standard deviations."""

DRAWS = 2000
_PRIOR = 0.5  # Jeffreys' prior for shares


@dataclass(frozen=True)
class Expected:
    """A rate that is expected: a Beta distribution, whose spread is what the reference leaves open.

    Attributes:
        mean: 0..1.
        variance: of the mean, above 0.
    """

    mean: float
    variance: float

    @classmethod
    def of(cls, hits: int, trials: int) -> "Expected":
        """The rate of a count, with Jeffreys' prior."""
        first, second = hits + _PRIOR, trials - hits + _PRIOR
        total = first + second
        return cls(first / total, first * second / total**2 / (total + 1))

    def mixed(self, other: "Expected", share: float) -> "Expected":
        """The rate of a mixture: ``share`` of this and the rest of the other."""
        return Expected(
            share * self.mean + (1 - share) * other.mean,
            share**2 * self.variance + (1 - share) ** 2 * other.variance,
        )

    def limits(self, trials: int, tail: float = TAIL) -> tuple[int, int]:
        """The counts between which that of ``trials`` new films stays, but for a chance of ``tail`` on each side.

        The count is beta-binomial: a binomial whose rate is drawn from the Beta distribution of this mean and variance.
        """
        chances = np.cumsum(self._chances(trials))
        low = int(np.searchsorted(chances, tail, side="right"))
        high = int(np.searchsorted(chances, 1 - tail))
        return low, min(high, trials)

    def _chances(self, trials: int) -> NDArray[np.float64]:
        """P(k of ``trials``) for k = 0 to ``trials``."""
        strength = self.mean * (1 - self.mean) / self.variance - 1
        first, second = self.mean * strength, (1 - self.mean) * strength

        def gammas(start: float) -> NDArray[np.float64]:
            """Log gamma(start + k) for k = 0 to ``trials``."""
            return math.lgamma(start) + np.concatenate([[0.0], np.cumsum(np.log(start + np.arange(trials)))])

        one, hits, others, both = gammas(1.0), gammas(first), gammas(second), gammas(first + second)
        ways = one[-1] - one - one[::-1]
        rate = hits - hits[0] + others[::-1] - others[0] - both[-1] + both[0]
        return np.asarray(np.exp(ways + rate))


@dataclass(frozen=True)
class ScoreShift:
    """How the scores of unlabelled films compare with the reference.

    Attributes:
        prevalence: that fits best, by expectation and maximisation, 0..1.
        usual: the 99.73% range of that estimate while nothing has changed, 0..1.
        distance: share of the films that would have to move to another bin to fit the reference at that prevalence.
        usual_distance: what the distance stays below with a chance of 99.73% while nothing has changed.
        expected: share of the films expected in each bin, at the stated prevalence.
        seen: share of the films seen in each bin.
    """

    prevalence: float
    usual: tuple[float, float]
    distance: float
    usual_distance: float
    expected: tuple[float, ...]
    seen: tuple[float, ...]

    @property
    def prevalence_moved(self) -> bool:
        """Whether the prevalence that fits best is unusual."""
        return not self.usual[0] <= self.prevalence <= self.usual[1]

    @property
    def strange(self) -> bool:
        """Whether no prevalence explains the scores."""
        return self.distance > self.usual_distance


def compare_scores(
    counts: NDArray[np.int64], pneumonia: NDArray[np.int64], normal: NDArray[np.int64], prevalence: float
) -> ScoreShift:
    """Compare binned scores with the labelled ones of the reference.

    The usual range is found by simulation: densities are drawn from what the reference leaves open (a Dirichlet
    distribution with Jeffreys' prior), films are drawn from their mixture at the stated prevalence, and both numbers
    are taken of them as of the films seen.

    Args:
        counts: (B,) unlabelled films in each bin, at least one in all.
        pneumonia: (B,) labelled pneumonias in each bin.
        normal: (B,) labelled normals in each bin.
        prevalence: stated, within 0..1.
    """
    sick, well = (_smoothed(np.asarray(labelled, np.float64)) for labelled in (pneumonia, normal))
    generator = np.random.default_rng(0)
    drawn_sick = generator.dirichlet(np.asarray(pneumonia) + _PRIOR, DRAWS)
    drawn_well = generator.dirichlet(np.asarray(normal) + _PRIOR, DRAWS)
    mixed = prevalence * drawn_sick + (1 - prevalence) * drawn_well
    drawn = generator.multinomial(int(counts.sum()), mixed / mixed.sum(axis=1, keepdims=True))
    estimate, distance = _fit(np.asarray(counts, np.float64)[None], sick, well)
    usual_estimates, usual_distances = _fit(drawn.astype(np.float64), sick, well)
    low, high = np.quantile(usual_estimates, (TAIL, 1 - TAIL))
    return ScoreShift(
        prevalence=float(estimate[0]),
        usual=(float(low), float(high)),
        distance=float(distance[0]),
        usual_distance=float(np.quantile(usual_distances, 1 - 2 * TAIL)),
        expected=tuple((prevalence * sick + (1 - prevalence) * well).tolist()),
        seen=tuple((counts / counts.sum()).tolist()),
    )


def _smoothed(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((counts + _PRIOR) / (counts + _PRIOR).sum())


def _fit(
    counts: NDArray[np.float64], sick: NDArray[np.float64], well: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The best prevalence and the total variation distance that it leaves, of every row of counts (R, B)."""
    estimate = estimate_prevalence(sick, well, counts)
    fitted = estimate[:, None] * sick + (1 - estimate[:, None]) * well
    return estimate, np.abs(counts / counts.sum(axis=1, keepdims=True) - fitted).sum(axis=1) / 2
