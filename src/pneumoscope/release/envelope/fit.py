"""Fit the envelope's head to features."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from pneumoscope.decision.envelope import KINDS, Envelope, margin
from pneumoscope.errors import DataError
from pneumoscope.network.envelope import ContentHead, Head, LungHead, NoveltyHead

PENALTY = 0.1
"""How much smaller kernels are preferred: the inverse of scikit-learn's C is this times the number of examples."""

AXES = 128
"""Principal axes along which novelty is measured."""

FRONTAL_WEIGHT = 3.0
"""A false refusal weighs as much as this many pictures that are taken for another kind."""


def balanced_weights(kinds: NDArray[np.intp], sources: NDArray[np.str_]) -> NDArray[np.float64]:
    """Weigh examples so that every kind counts alike, and within a kind every source by the root of its size.

    Args:
        kinds: (N,) indices into KINDS.
        sources: (N,) their sources.

    Returns:
        (N,), above 0, with a mean of 1.
    """
    weights = np.zeros(len(kinds))
    for kind in np.unique(kinds):
        of_kind = kinds == kind
        for source in np.unique(sources[of_kind]):
            members = of_kind & (sources == source)
            weights[members] = members.sum() ** -0.5
        weights[of_kind] *= (FRONTAL_WEIGHT if kind == 0 else 1.0) / weights[of_kind].sum()
    return np.asarray(weights / weights.mean())


def fit_content(features: NDArray[np.float32], kinds: NDArray[np.intp], weights: NDArray[np.float64]) -> ContentHead:
    """Fit the kinds: multinomial logistic regression on standardised features, with a squared penalty.

    Args:
        features: float32 (N, F).
        kinds: (N,) indices into KINDS; every kind is there.
        weights: (N,), as :func:`balanced_weights` gives them.
    """
    from sklearn.linear_model import LogisticRegression

    frontal = kinds == 0
    mean, scale = features[frontal].mean(0), features[frontal].std(0) + 1e-3
    model = LogisticRegression(C=1 / (PENALTY * len(kinds)), max_iter=300, tol=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an end before full convergence is a little more penalty
        model.fit((features - mean) / scale, kinds, weights)
    kernel = np.zeros((features.shape[1], len(KINDS)), np.float32)
    bias = np.full(len(KINDS), -1e4, np.float32)
    kernel[:, model.classes_], bias[model.classes_] = model.coef_.T, model.intercept_
    return ContentHead(mean, scale, kernel, bias)


def fit_novelty(standard: NDArray[np.float32], axes: int) -> NoveltyHead:
    """Fit what frontal radiographs look like: probabilistic PCA (Tipping & Bishop 1999).

    Args:
        standard: float32 (N, F), standardised features of frontal radiographs.
        axes: how many principal axes.
    """
    from sklearn.decomposition import PCA

    model = PCA(axes, svd_solver="covariance_eigh" if len(standard) > standard.shape[1] else "full").fit(standard)
    return NoveltyHead(
        np.ascontiguousarray(model.components_.T, np.float32),
        (1 / model.explained_variance_).astype(np.float32),
        float(1 / model.noise_variance_),
    )


FOLDS = 4

LEAST_SOURCE = 100
"""Fewest radiographs of a source that the limits are set on; the share refused of fewer is chance."""

LOST_BY_MARGIN, LOST_BY_NOVELTY = 0.015, 0.005
"""The largest shares that each limit may refuse of the upright radiographs of any hospital that was never shown."""

WIDEST_MARGIN = 2.0
"""A larger margin is not asked for, however well the kinds are told apart on what is at hand."""

MISTAKEN = -5.0
"""A radiograph that is held for another kind with such a margin is one: turned, or inverted, where it was published."""


@dataclass(frozen=True)
class Scores:
    """What a head says of N examples.

    Attributes:
        content: float32 (N, 10), logits of KINDS.
        novelty: float32 (N,).
    """

    content: NDArray[np.float32]
    novelty: NDArray[np.float32]

    @property
    def margin(self) -> NDArray[np.floating]:
        """By how much "frontal" leads, (N,)."""
        return margin(self.content)

    def only(self, chosen: NDArray[np.bool_]) -> "Scores":
        """The scores of some examples."""
        return Scores(self.content[chosen], self.novelty[chosen])


def fit_head(features: NDArray[np.float32], kinds: NDArray[np.intp], sources: NDArray[np.str_]) -> Head:
    """Fit kinds and novelty; the lung map is left empty.

    Args:
        features: float32 (N, F).
        kinds: (N,) indices into KINDS.
        sources: (N,) where the examples come from.
    """
    content = fit_content(features, kinds, balanced_weights(kinds, sources))
    standard = (features[kinds == 0] - content.mean) / content.scale
    axes = min(AXES, *(side // 2 for side in standard.shape))
    return Head(content, fit_novelty(standard, axes), LungHead(np.zeros(0, np.float32), 0.0))


def score(head: Head, features: NDArray[np.float32]) -> Scores:
    """Compute what the graph computes of features float32 (N, F)."""
    content, novelty = head.content, head.novelty
    standard = (features - content.mean) / content.scale
    along = np.square(standard @ novelty.axes) @ (novelty.precision - novelty.residual_precision)
    distance = along + np.square(standard).sum(1) * novelty.residual_precision
    logits = np.asarray(standard @ content.kernel + content.bias, np.float32)
    return Scores(logits, np.asarray(distance / len(content.mean), np.float32))


def divide(
    groups: NDArray[np.str_], sources: NDArray[np.str_], elsewhere: NDArray[np.bool_], same: Sequence[str] = ()
) -> NDArray[np.intp]:
    """Give every example one of the folds.

    All radiographs of one other hospital share a fold, so that out of fold each is a hospital that was never shown. The
    rest is divided by group.

    Args:
        groups: (N,) what is never divided.
        sources: (N,) where the examples come from.
        elsewhere: (N,) which are made from radiographs of other hospitals.
        same: sources that are one hospital.

    Returns:
        (N,), 0 up to FOLDS.
    """
    hospital = {str(name): "same" if name in same else str(name) for name in np.unique(sources[elsewhere])}
    places = {name: place % FOLDS for place, name in enumerate(dict.fromkeys(hospital.values()))}
    return np.array(
        [
            places[hospital[str(source)]] if other else int(sha256(group.encode()).hexdigest(), 16) % FOLDS
            for group, source, other in zip(groups, sources, elsewhere, strict=True)
        ]
    )


def choose_limits(scores: Scores, sources: NDArray[np.str_], least_lungs: float) -> Envelope:
    """Set the limits on upright radiographs that the head was not fitted to.

    Each limit is as strict as it can be while no source of LEAST_SOURCE or more loses over its share by it. The margin
    lies between 0, where the kinds are equally likely, and WIDEST_MARGIN.

    Args:
        scores: of upright radiographs, out of fold.
        sources: (N,) where they come from.
        least_lungs: see Envelope.

    Raises:
        DataError: no source is large enough.
    """
    names, counts = np.unique(sources, return_counts=True)
    large = names[counts >= LEAST_SOURCE]
    if not len(large):
        raise DataError(f"the envelope needs a source of at least {LEAST_SOURCE} upright radiographs")
    margins = [float(np.quantile(scores.margin[sources == name], LOST_BY_MARGIN)) for name in large]
    novelties = [float(np.quantile(scores.novelty[sources == name], 1 - LOST_BY_NOVELTY)) for name in large]
    return Envelope(max(0.0, min(WIDEST_MARGIN, *margins)), max(novelties), least_lungs)
