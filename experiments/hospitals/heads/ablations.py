"""Heads that are fitted otherwise: for the worst group, and blind to the source.

    python -m experiments.hospitals.heads.ablations FEATURES.npz --out RECORD.json [--ridge R] [--home W]

FEATURES.npz is from ``experiments.hospitals.heads.features``. Each way is fitted on all hospitals and without each of
them, and compared by the rows that chose the ridge. Nothing here is released.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.command import output
from experiments.hospitals.candidates import compare
from experiments.hospitals.decision import default_score, fit_rule
from experiments.hospitals.heads.fit import OUTSIDE, Fits, Head, Values, fit, weighed
from experiments.hospitals.measure import by_group, measure
from experiments.hospitals.sources import Film, campaign_films
from lab.machine import write_record

ROUNDS, STEP = 8, 1.0
"""Of the group-robust fit: how often the groups are weighed anew, and how far for a loss of 1."""

Fit = Callable[[Values, list[Film], float], Head]


def group_robust(features: Values, films: list[Film], ridge: float) -> Head:
    """A head for the group, by source and class, that has the highest loss.

    Groups are weighed by exponentiated gradient on their mean loss (Sagawa et al. 2020, "Distributionally robust neural
    networks", arXiv:1911.08731, algorithm 1), here with a whole fit in each round; the last head is kept.
    """
    groups = np.unique([f"{film.source} {film.labelled.label}" for film in films], return_inverse=True)[1]
    logarithms = np.zeros(groups.max() + 1)
    positive = np.array([film.labelled.positive for film in films])
    head = fit(features, films, ridge)
    for _ in range(ROUNDS):
        losses = np.logaddexp(0, np.where(positive, -1, 1) * head.scores(features))
        logarithms += STEP * np.array([losses[groups == group].mean() for group in range(len(logarithms))])
        factors = np.exp(logarithms - logarithms.mean())
        head = fit(features, films, ridge, factors[groups])
    return head


def source_blind(features: Values, films: list[Film], ridge: float) -> Head:
    """A head that cannot read in which directions the means of the sources differ.

    They are taken out of the standardised features, within the class, before the fit. That is what is left of a linear
    adversary that tells sources apart (Haghighatkhah et al. 2022, "Better hit the nail on the head than beat around the
    bush: removing protected attributes with a single projection", arXiv:2212.04273).
    """
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    x = (features - mean) / spread
    sources = np.array([film.labelled.source for film in films])
    positive = np.array([film.labelled.positive for film in films])
    shifts = [
        x[(sources == source) & (positive == label)].mean(axis=0) - x[positive == label].mean(axis=0)
        for source in np.unique(sources)
        for label in (False, True)
        if ((sources == source) & (positive == label)).any()
    ]
    vectors, sizes, _ = np.linalg.svd(np.array(shifts).T, full_matrices=False)
    basis = vectors[:, sizes > 1e-6 * sizes[0]]
    head = fit(x - x @ basis @ basis.T, films, ridge)
    kernel = (head.kernel - basis @ (basis.T @ head.kernel)) / spread[:, None]
    return Head(kernel, head.bias - mean @ kernel)


WAYS: dict[str, Fit] = {"maximum likelihood": fit, "group-robust": group_robust, "source-blind": source_blind}


def unseen(way: Fit, fits: Fits, hospital: str) -> list[dict[str, Any]]:
    """The rows of a hospital under a head that never saw it, at the default threshold of the others."""
    chosen, outside = fits.trained(hospital), fits.of(hospital)
    head = way(fits.features[chosen], fits.films_of(chosen), fits.ridge)
    threshold = default_score(fit_rule(*fits.held_out(head, hospital)))
    return measure(fits.films_of(outside), head.scores(fits.features[outside]), threshold)


def summary(way: Fit, fits: Fits) -> dict[str, Any]:
    """What a way of fitting is worth: seen hospitals held out, and each hospital unseen."""
    chosen = fits.trained()
    found = compare(*fits.held_out(way(fits.features[chosen], fits.films_of(chosen), fits.ridge)))
    rows = by_group(found["rows"])
    others = {hospital: by_group(unseen(way, fits, hospital)) for hospital in OUTSIDE}
    return {
        "worst_pair": found["worst_pair"][0],
        "kept": found["kept"],
        "auc_nih": rows["nih", "all"]["auc"]["value"],
        "unseen": {
            "nih AUC": others["nih"]["nih", "all"]["auc"]["value"],
            "rsna PA specificity": others["nih"]["rsna", "PA"]["specificity"]["value"],
            "pakistan specificity": others["pakistan"]["pakistan", "all"]["specificity"]["value"],
            "hannover sensitivity": others["hannover"]["hannover", "all"]["sensitivity"]["value"],
            "cohen sensitivity": others["cohen"]["cohen", "all"]["sensitivity"]["value"],
        },
    }


def read_fits(path: Path, films: Sequence[Film], home: float, ridge: float) -> Fits:
    """The features of a file and their films, those of home weighing so many times as much."""
    with np.load(path) as stored:
        own = [films[place] for place in stored["places"]]
        return Fits(stored["features"].astype(np.float64), weighed(own, home), ridge)


def main() -> None:
    """Fit, measure, write, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("features", type=Path)
    parser.add_argument("--out", type=output, required=True, metavar="RECORD.json")
    parser.add_argument("--ridge", type=float, default=0.05)
    parser.add_argument("--home", type=float, default=4.0)
    options = parser.parse_args()
    fits, record = read_fits(options.features, campaign_films(), options.home, options.ridge), {}
    for name, way in WAYS.items():
        record[name] = summary(way, fits)
        print(name, record[name])
    write_record(options.out, {"ridge": options.ridge, "weight_of_home": options.home, "ways": record})


if __name__ == "__main__":
    main()
