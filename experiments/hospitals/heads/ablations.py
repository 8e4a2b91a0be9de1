"""Heads that are fitted otherwise: for the worst group, and blind to the source.

    python -m experiments.hospitals.heads.ablations FEATURES.npz --out RECORD.json [--ridge R] [--home W]

FEATURES.npz is from ``experiments.hospitals.heads.features``. Each way is fitted on all hospitals and without each of
them, and compared by the rows that chose the ridge. Nothing here is released.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from experiments.command import output
from experiments.hospitals.candidates import compare
from experiments.hospitals.heads.fit import OUTSIDE, Fits, Head, Values, Way, fit, read_features, weighed
from experiments.hospitals.measure import by_group
from experiments.hospitals.sources import Film
from lab.machine import write_record

ROUNDS, STEP = 8, 1.0
"""Of the group-robust fit: how often the groups are weighed anew, and how far for a loss of 1."""


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


WAYS: dict[str, Way] = {"maximum likelihood": fit, "group-robust": group_robust, "source-blind": source_blind}


def summary(fits: Fits) -> dict[str, Any]:
    """What a way of fitting is worth: seen hospitals held out, and each hospital unseen."""
    found = compare(*fits.held_out(fits.head()))
    rows = by_group(found["rows"])
    others = {hospital: by_group(fits.unseen(hospital)) for hospital in OUTSIDE}
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


def main() -> None:
    """Fit, measure, write, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("features", type=Path)
    parser.add_argument("--out", type=output, required=True, metavar="RECORD.json")
    parser.add_argument("--ridge", type=float, default=0.05)
    parser.add_argument("--home", type=float, default=4.0)
    options = parser.parse_args()
    features, films = read_features(options.features)
    record = {}
    for name, way in WAYS.items():
        record[name] = summary(Fits(features, weighed(films, options.home), options.ridge, way))
        print(name, record[name])
    write_record(options.out, {"ridge": options.ridge, "weight_of_home": options.home, "ways": record})


if __name__ == "__main__":
    main()
