"""A linear head on the features of a network, fitted to the films of all hospitals, or of all but one."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from experiments.hospitals.decision import default_score, fit_rule
from experiments.hospitals.measure import Row, measure
from experiments.hospitals.sources import HOME, HOSPITALS, OF_NIH, Film, campaign_films, left_out
from pneumoscope.decision.score import pneumonia_score
from pneumoscope.training.radiographs.balance import balanced_weights

RIDGE = 0.2
"""Factor on the squared norm of the kernel, added to the mean loss, where no other is asked for."""

OUTSIDE = sorted(set(HOSPITALS.values()) - OF_NIH | {"nih"})
"""The hospitals that can be left out."""

Values = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Head:
    """A linear head.

    Attributes:
        kernel: (2048, K).
        bias: (K,). Of K classes the first is normal, the next two are the pneumonias, a fourth is abnormal otherwise.
    """

    kernel: Values
    bias: Values

    def scores(self, features: Values) -> Values:
        """(N,) raw scores of pneumonia."""
        logits = features @ self.kernel + self.bias
        negative = np.logaddexp.reduce(logits[:, [0, *range(3, logits.shape[1])]], axis=1, keepdims=True)
        return np.asarray(pneumonia_score(np.hstack([negative, logits[:, 1:3]])))


def fit(
    features: Values,
    films: list[Film],
    ridge: float = RIDGE,
    factors: Values | None = None,
    other: Mask | None = None,
    toward: Head | None = None,
) -> Head:
    """Fit a head by weighted maximum likelihood; a pneumonia of unknown subtype allows both.

    Towards another head (Li, Grandvalet and Davoine 2018, arXiv:1802.01483) the penalty is on the distance from it.

    Args:
        features: (N, 2048).
        films: N of them, all trained on.
        ridge: factor on the squared norm of the kernel, or of its distance from that of ``toward``, above 0.
        factors: (N,) on the weights that balance hospitals and classes; None for 1.
        other: (N,) the films of a fourth class, which are no pneumonias; None for three classes.
        toward: a head of as many classes; None for a kernel of zeros.
    """
    from scipy.optimize import minimize

    allowed = np.array([film.labelled.classes for film in films])
    if other is not None:
        allowed = np.column_stack([allowed & ~other[:, None], other])
    classes = allowed.shape[1]
    positive = np.array([film.labelled.positive for film in films])
    sources = np.array([film.labelled.source for film in films])
    trust = np.array([film.labelled.weight for film in films])
    weights = balanced_weights(positive, sources, trust).astype(np.float64)
    if factors is not None:
        weights *= factors
    weights = (weights / weights.sum())[:, None]
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    x = np.column_stack([(features - mean) / spread, np.ones(len(films))])
    first = np.zeros((x.shape[1], classes))
    if toward:
        first = np.vstack([toward.kernel * spread[:, None], toward.bias + mean @ toward.kernel])

    def loss(flat: Values) -> tuple[float, Values]:
        kernel = flat.reshape(-1, classes)
        logits = x @ kernel
        everything = np.logaddexp.reduce(logits, axis=1, keepdims=True)
        right = np.logaddexp.reduce(np.where(allowed, logits, -np.inf), axis=1, keepdims=True)
        wrong = np.exp(logits - everything) - np.where(allowed, np.exp(logits - right), 0)
        slope = x.T @ (weights * wrong)
        away = kernel[:-1] - first[:-1]
        slope[:-1] += 2 * ridge * away
        return float((weights * (everything - right)).sum() + ridge * (away**2).sum()), slope.ravel()

    found = minimize(loss, first.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 300})
    kernel = found.x.reshape(-1, classes)
    scaled = kernel[:-1] / spread[:, None]
    return Head(scaled, kernel[-1] - mean @ scaled)


def weighed(films: Sequence[Film], factor: float) -> list[Film]:
    """The films, those of home weighing so many times as much."""
    return [
        replace(film, labelled=replace(film.labelled, weight=film.labelled.weight * factor))
        if film.source == HOME
        else film
        for film in films
    ]


def head_of(bundle: Path) -> Head:
    """The head of a bundle."""
    from pneumoscope.network.resnet import build

    kernel, bias = build(str(bundle)).get_layer("head_cam").get_weights()
    return Head(kernel[0, 0].astype(np.float64), bias.astype(np.float64))


def write_head(head: Head, fitted: dict[str, float], films: Sequence[Film], network: Path, path: Path) -> None:
    """A bundle with another head, fitted to films as is said; its calibration is that of the first head."""
    from experiments.hospitals.line import read_card, size_read, unfinished
    from pneumoscope.network.export import write_bundle
    from pneumoscope.network.resnet import build

    model = build(str(network))
    model.get_layer("head_cam").set_weights([head.kernel[None, None].astype(np.float32), head.bias.astype(np.float32)])
    counts = Counter(f"{film.source} {film.labelled.label}" for film in films)
    made = {"head": {"films": dict(sorted(counts.items())), "command": "experiments.hospitals.heads"} | fitted}
    first = read_card(network)
    card = replace(unfinished(first, "hospitals-head"), training=first.training | made)
    write_bundle(model, card, path, size_read(network))


def read_features(path: Path) -> tuple[Values, list[Film]]:
    """The features (N, 2048) of a file of ``experiments.hospitals.heads.features``, and their films."""
    everything = campaign_films()
    with np.load(path) as stored:
        return stored["features"].astype(np.float64), [everything[place] for place in stored["places"]]


Way = Callable[[Values, list[Film], float], Head]
"""From features (N, 2048), their N films and a ridge, a head."""


class Fits:
    """Heads that are fitted to the same features, with or without a hospital."""

    def __init__(self, features: Values, films: Sequence[Film], ridge: float, way: Way = fit) -> None:
        """Hold the features (N, 2048) of N films, weighed as they are, the ridge of the fits, and how to fit."""
        self.features, self.films, self.ridge, self.way = features, films, ridge, way
        self.train = np.array([film.labelled.split == "train" for film in films])
        self.hospitals = np.array([film.labelled.source for film in films])

    def trained(self, without: str | None = None) -> Mask:
        """(N,) the films that a head is fitted to."""
        return self.train & ~self.of(without)

    def of(self, hospital: str | None) -> Mask:
        """(N,) the films that are left out with a hospital; none for None."""
        return np.isin(self.hospitals, sorted(left_out([hospital])) if hospital else [])

    def films_of(self, chosen: Mask) -> list[Film]:
        """Some of the films."""
        return [film for film, own in zip(self.films, chosen, strict=True) if own]

    def head(self, without: str | None = None) -> Head:
        """The head of all hospitals, or of all but one."""
        chosen = self.trained(without)
        return self.way(self.features[chosen], self.films_of(chosen), self.ridge)

    def held_out(self, head: Head, without: str | None = None) -> tuple[list[Film], Values]:
        """The held-out films, or those of all hospitals but one, and their raw scores under a head."""
        chosen = ~self.train & ~self.of(without)
        return self.films_of(chosen), head.scores(self.features[chosen])

    def unseen(self, hospital: str) -> list[Row]:
        """The rows of a hospital under the head and the default threshold of the others."""
        head, chosen = self.head(hospital), self.of(hospital)
        threshold = default_score(fit_rule(*self.held_out(head, hospital)))
        return measure(self.films_of(chosen), head.scores(self.features[chosen]), threshold)
