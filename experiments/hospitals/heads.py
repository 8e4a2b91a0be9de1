"""Fit heads to the features of 1.4.0: on all hospitals, and without each of them.

    python -m experiments.hospitals.heads FEATURES.npz --out RECORD.json [--ridge R] [--bundle BUNDLE.onnx]

FEATURES.npz is from ``experiments.hospitals.features``. The record holds, for the released head, the head of all
hospitals (on held-out films) and the head without each hospital (on all films of that), the rows of
``experiments.hospitals.measure``. BUNDLE.onnx is the released bundle with the head of all hospitals.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.command import output
from experiments.hospitals.features import RELEASED
from experiments.hospitals.measure import measure, worst_pair
from experiments.hospitals.sources import HOSPITALS, OF_NIH, Film, campaign_films, left_out
from lab.machine import write_record
from pneumoscope.decision.score import pneumonia_score
from pneumoscope.training.radiographs.balance import balanced_weights

RIDGE = 0.2
"""Factor on the squared norm of the kernel, added to the mean loss, where no other is asked for."""

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Head:
    """A linear head.

    Attributes:
        kernel: (2048, 3).
        bias: (3,).
    """

    kernel: Values
    bias: Values

    def scores(self, features: Values) -> Values:
        """(N,) raw scores of pneumonia."""
        return np.asarray(pneumonia_score(features @ self.kernel + self.bias))


def fit(features: Values, films: list[Film], ridge: float = RIDGE) -> Head:
    """Fit a head by weighted maximum likelihood; a pneumonia of unknown subtype allows both.

    Args:
        features: (N, 2048).
        films: N of them, all trained on.
        ridge: factor on the squared norm of the kernel, above 0.
    """
    from scipy.optimize import minimize

    allowed = np.array([film.labelled.classes for film in films])
    sources = np.array([film.labelled.source for film in films])
    trust = np.array([film.labelled.weight for film in films])
    weights = balanced_weights(~allowed[:, 0], sources, trust)[:, None] / len(films)
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    x = np.column_stack([(features - mean) / spread, np.ones(len(films))])

    def loss(flat: Values) -> tuple[float, Values]:
        kernel = flat.reshape(-1, 3)
        logits = x @ kernel
        everything = np.logaddexp.reduce(logits, axis=1, keepdims=True)
        right = np.logaddexp.reduce(np.where(allowed, logits, -np.inf), axis=1, keepdims=True)
        wrong = np.exp(logits - everything) - np.where(allowed, np.exp(logits - right), 0)
        slope = x.T @ (weights * wrong)
        slope[:-1] += 2 * ridge * kernel[:-1]
        return float((weights * (everything - right)).sum() + ridge * (kernel[:-1] ** 2).sum()), slope.ravel()

    found = minimize(loss, np.zeros(x.shape[1] * 3), jac=True, method="L-BFGS-B", options={"maxiter": 300})
    kernel = found.x.reshape(-1, 3)
    scaled = kernel[:-1] / spread[:, None]
    return Head(scaled, kernel[-1] - mean @ scaled)


def released_head() -> Head:
    """The head of the released bundle."""
    from pneumoscope.network.resnet import build

    kernel, bias = build(str(RELEASED)).get_layer("head_cam").get_weights()
    return Head(kernel[0, 0].astype(np.float64), bias.astype(np.float64))


def rows_of(head: Head, features: Values, films: list[Film], chosen: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """The rows of some of the films under a head."""
    return measure([film for film, own in zip(films, chosen, strict=True) if own], head.scores(features[chosen]))


def write_head(head: Head, ridge: float, films: Sequence[Film], path: Path) -> None:
    """The released bundle with another head, fitted to films; its calibration is still that of the released head."""
    from experiments.hospitals.line import read_card
    from pneumoscope.network.export import write_bundle
    from pneumoscope.network.resnet import build

    model = build(str(RELEASED))
    model.get_layer("head_cam").set_weights([head.kernel[None, None].astype(np.float32), head.bias.astype(np.float32)])
    counts = Counter(f"{film.source} {film.labelled.label}" for film in films)
    made = {"head": {"films": dict(sorted(counts.items())), "ridge": ridge, "command": "experiments.hospitals.heads"}}
    released = read_card(RELEASED)
    card = replace(
        released,
        training=released.training | made,
        name="hospitals-head",
        version="0.0.0",
        validation={},
        envelope=None,
    )
    write_bundle(model, card, path, 192)


def main() -> None:
    """Fit, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("features", type=Path)
    parser.add_argument("--out", type=output, required=True, metavar="RECORD.json")
    parser.add_argument("--ridge", type=float, default=RIDGE)
    parser.add_argument("--bundle", type=output, metavar="BUNDLE.onnx")
    options = parser.parse_args()
    with np.load(options.features) as stored:
        features, everything = stored["features"].astype(np.float64), campaign_films()
        films = [everything[place] for place in stored["places"]]
    hospitals = np.array([film.labelled.source for film in films])
    train = np.array([film.labelled.split == "train" for film in films])
    heads = {
        "released": released_head(),
        "all": fit(features[train], [f for f, own in zip(films, train, strict=True) if own], options.ridge),
    }
    record: dict[str, Any] = {name: rows_of(head, features, films, ~train) for name, head in heads.items()}
    record["worst_pair"] = {name: worst_pair(record[name]) for name in heads}
    for hospital in sorted(set(HOSPITALS.values()) - OF_NIH | {"nih"}):
        out = np.isin(hospitals, sorted(left_out([hospital])))
        kept = train & ~out
        head = fit(features[kept], [f for f, own in zip(films, kept, strict=True) if own], options.ridge)
        record[f"without {hospital}"] = rows_of(head, features, films, out)
    write_record(options.out, record)
    if options.bundle:
        trained = [film for film, own in zip(films, train, strict=True) if own]
        write_head(heads["all"], options.ridge, trained, options.bundle)


if __name__ == "__main__":
    main()
