"""What a bundle says of films that are abnormal and no pneumonia, and whether a head gains by being taught them.

    python -m experiments.hospitals.checks.abnormal BUNDLE.onnx FEATURES.npz --lungs FOLDER --out RECORD.json
        [--ridge R] [--home W]

Cut-out lungs alone have such films: radiologists read them as neither normal nor an opacity of the lungs. A bundle is
never trained on them. FEATURES.npz is from ``experiments.hospitals.heads.features``, of BUNDLE.onnx. The heads that are
fitted here are not taught them, taught them as no pneumonia, or as a class of its own; a fifth of them is held out.
"""

import argparse
import csv
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.command import output
from experiments.hospitals.decision import default_score, fit_rule
from experiments.hospitals.heads.features import features_of, open_features
from experiments.hospitals.heads.fit import Head, Values, fit, head_of, read_features, weighed
from experiments.hospitals.line import read_card
from experiments.hospitals.measure import by_group, measure, worst_pair
from experiments.hospitals.sources import Film, film_of, path_of
from lab.machine import data, write_record
from pneumoscope.decision.labels import Finding, Label
from pneumoscope.decision.rule import DecisionRule
from pneumoscope.evaluation.bootstrap import Resampling, estimates
from pneumoscope.evaluation.metrics import auc
from pneumoscope.imaging import NotAssessedError, read

SOURCE = "rsna_lungs"
LABEL = "other_abnormal"
FOUND_OF = ("home", "hannover", "cohen", "nih", SOURCE)
"""Sources whose pneumonias are counted."""


def abnormal_films() -> list[Film]:
    """The films that are abnormal and no pneumonia, labelled normal; a fifth of the patients is held out."""
    folder = data("elsewhere")
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["label"] == LABEL and row["source"] == SOURCE]
    return [_divided(film_of(row | {"label": Label.NORMAL}, folder)) for row in rows]


def _divided(film: Film) -> Film:
    held_out = hashlib.sha256(film.labelled.patient.encode()).digest()[0] % 5 == 0
    return replace(film, labelled=replace(film.labelled, split="val" if held_out else "train"))


def readable(path: Path) -> bool:
    """Whether screening reads a picture; lungs of no contrast are refused."""
    try:
        read(path)
    except NotAssessedError:
        return False
    return True


def answered(scores: Values, rule: DecisionRule) -> dict[str, int]:
    """How many of some films get each answer, from their raw scores (N,)."""
    findings = [rule.finding(float(p), rule.operating_point()) for p in rule.calibration.probability(scores)]
    return {str(finding): findings.count(finding) for finding in Finding}


def told_apart(pneumonias: Values, others: Values) -> dict[str, float | None]:
    """AUC of pneumonias against films that are abnormal otherwise, from raw scores; with its interval."""
    scores = np.concatenate([pneumonias, others])
    positive = np.arange(len(scores)) < len(pneumonias)
    statistic = {"auc": auc(scores, positive, ~positive)}
    found = estimates(statistic, np.arange(len(scores)), Resampling(count=1000))["auc"]
    return {"value": found.value, "low": found.low, "high": found.high}


def taught(
    features: Values, films: Sequence[Film], others: Values, also: Sequence[Film], ridge: float
) -> dict[str, Head]:
    """Three heads by how the films ``also``, whose features are ``others``, are taught."""
    more = np.concatenate([features, others])
    other = np.arange(len(more)) >= len(features)
    everything = [*films, *also]
    return {
        "not": fit(features, list(films), ridge),
        "as no pneumonia": fit(more, everything, ridge),
        "as a class of its own": fit(more, everything, ridge, other=other),
    }


def summary(head: Head, films: Sequence[Film], features: Values, others: Values) -> dict[str, Any]:
    """What a head is worth on held-out films, and on held-out films that are abnormal and no pneumonia."""
    scores, abnormal = head.scores(features), head.scores(others)
    rule = fit_rule(films, scores)
    rows = measure(films, scores, default_score(rule))
    groups = by_group(rows)
    return {
        "worst_pair": worst_pair(rows)[0],
        "auc_nih": groups["nih", "all"]["auc"]["value"],
        "auc_lungs": groups[SOURCE, "all"]["auc"]["value"],
        "sensitivity": {one: groups[one, "all"]["sensitivity"]["value"] for one in FOUND_OF},
        "answers": answered(abnormal, rule),
        "auc_abnormal": told_apart(scores[_pneumonias(films)], abnormal),
    }


def _pneumonias(films: Sequence[Film]) -> NDArray[np.bool_]:
    return np.array([film.source == SOURCE and film.labelled.positive for film in films])


def main() -> None:
    """Score, fit, measure, write, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("features", type=Path)
    parser.add_argument("--lungs", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--out", type=output, required=True, metavar="RECORD.json")
    parser.add_argument("--ridge", type=float, default=0.05)
    parser.add_argument("--home", type=float, default=4.0)
    options = parser.parse_args()
    features, films = read_features(options.features)
    also = [film for film in abnormal_films() if readable(path_of(film, options.lungs))]
    others = features_of(open_features(options.bundle), also, options.lungs).astype(np.float64)
    train = np.array([film.labelled.split == "train" for film in films])
    own = np.array([film.labelled.split == "train" for film in also])
    learnt, seen = (
        [film for film in some if film.labelled.split == "train"] for some in (weighed(films, options.home), also)
    )
    held_out = [film for film in films if film.labelled.split == "val"]
    released, rule = head_of(options.bundle), read_card(options.bundle).rule
    scores = released.scores(others)
    pneumonias = released.scores(features[~train])[_pneumonias(held_out)]
    record: dict[str, Any] = {
        "released": {"films": len(also), "answers": answered(scores, rule), "auc": told_apart(pneumonias, scores)},
        "taught": {
            name: summary(head, held_out, features[~train], others[~own])
            for name, head in taught(features[train], learnt, others[own], seen, options.ridge).items()
        },
    }
    write_record(options.out, record)
    print(record)


if __name__ == "__main__":
    main()
