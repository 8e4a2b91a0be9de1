"""Set the rule of a bundle on the held-out films of all hospitals, and say what its three answers are worth.

    python -m experiments.hospitals.decision BUNDLE.onnx --lungs FOLDER --version 2.0.0 --out FILE.onnx
        --record RECORD.json

The rule is that of README.md: calibration with hospitals and classes counted alike, thresholds by the worst source. The
bundle that is written has no envelope and no seal: ``pneumoscope envelope`` adds both.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from experiments.command import output
from experiments.hospitals.line import read_card, size_read
from experiments.hospitals.measure import GROUPS, SENSITIVITY, SPECIFICITY, measure
from experiments.hospitals.scoring import score_bundle
from experiments.hospitals.sources import HOME, Film, held_out_films
from lab.machine import write_record
from pneumoscope.bundle.card import METADATA_KEY, AgeRange, BundleCard
from pneumoscope.decision.labels import Finding
from pneumoscope.decision.operating_point import BASELINE, BASELINE_THRESHOLD, OperatingPoint
from pneumoscope.decision.rule import DecisionRule
from pneumoscope.decision.score import pneumonia_score
from pneumoscope.errors import DataError
from pneumoscope.evaluation.evaluation import evaluate
from pneumoscope.evaluation.predictions import Predictions
from pneumoscope.release.card import describe_preprocessing
from pneumoscope.release.fit_rule import fit_calibration
from pneumoscope.release.worst_source import Group, best_pair, large_enough, lowest_clearing, worst_source_rule
from pneumoscope.training.radiographs.balance import balanced_weights
from pneumoscope.training.recipes import RECIPES

AT_HOME, ELSEWHERE = 0.99, 0.95
"""Shares of pneumonias that are not ruled out, at home and elsewhere. "high-specificity" clears the last of normals."""

CLEARED = {
    (HOME, "all"): 0.95,
    ("rsna", "PA"): 0.95,
    ("rsna", "AP"): 0.88,
    ("rsna", "under 13"): 0.88,
    ("pakistan", "all"): 0.95,
}
"""Source and kind -> share of its normals that the default threshold clears."""

FOUND = {(HOME, "all"): 0.959, ("hannover", "all"): 0.94, ("cohen", "all"): 0.76}
"""Source and kind -> share of its pneumonias that the default threshold finds, where there is such a threshold."""

POPULATION = (
    "children aged 1 to 5 of one hospital in Guangzhou, and adults and some children of hospitals in the United States "
    "(NIH), Germany, Pakistan and of published case reports"
)

LIMITS = (
    "It was trained on no films of newborns and infants, and on few of children from 6 to 17.",
    "It was trained on frontal films, never on lateral views.",
    "Of the hospital where most of its adults come from, 3 in 100 normals that radiologists read are called pneumonia "
    "at the default threshold, and 1 in 9 of those whose labels come from reports. 6 to 8 in 10 are answered normal.",
    "Of the pneumonias of that hospital it calls half, and answers normal for 1 in 7. Most of their labels come from "
    "reports, and no reader confirmed them.",
    "Bacterial and viral pneumonia are told apart at home alone. Elsewhere the share of viral pneumonia means nothing.",
    "On films of hospitals that it has never seen, models of this kind lose accuracy. Check it on your films first.",
    "A heatmap shows where the score comes from. It does not prove disease there.",
)


def groups(
    films: Sequence[Film], scores: NDArray[np.floating], wanted: Sequence[tuple[str, str]], *, positive: bool
) -> list[Group]:
    """The groups of one class by source and kind; a group without films is left out."""
    belongs = dict(GROUPS)
    found = []
    for source, kind in wanted:
        own = scores[_own(films, source, belongs[kind], positive)]
        goal = AT_HOME if positive and source == HOME else ELSEWHERE
        if len(own):
            named = source if kind == "all" else f"{source} {kind}"
            found.append(Group(f"the {'pneumonias' if positive else 'normals'} of {named}", own, goal))
    return found


def _with_goals(
    films: Sequence[Film], scores: NDArray[np.floating], goals: dict[tuple[str, str], float], *, positive: bool
) -> list[Group]:
    """The groups of one class that have a goal and films enough."""
    return large_enough(
        [
            replace(group, goal=goal)
            for one, goal in goals.items()
            for group in groups(films, scores, [one], positive=positive)
        ]
    )


def fit_rule(films: Sequence[Film], scores: NDArray[np.floating]) -> DecisionRule:
    """The rule of the protocol, from raw scores (N,) of N held-out films."""
    labelled = np.array([film.labelled.positive for film in films])
    hospitals = np.array([film.labelled.source for film in films])
    weights = balanced_weights(labelled, hospitals, np.array([film.labelled.weight for film in films]))
    normals = groups(films, scores, SPECIFICITY, positive=False)
    pneumonias = groups(films, scores, SENSITIVITY, positive=True)
    cleared = _with_goals(films, scores, CLEARED, positive=False)
    try:
        default = best_pair(normals, pneumonias, _with_goals(films, scores, FOUND, positive=True), cleared)
    except DataError:
        default = lowest_clearing(cleared)
    rule = worst_source_rule(fit_calibration(scores, labelled, weights), normals, pneumonias, default)
    baseline = OperatingPoint(BASELINE, BASELINE_THRESHOLD, "the threshold of the two-phase baseline")
    return replace(rule, operating_points=(*rule.operating_points, baseline))


def answers(films: Sequence[Film], scores: NDArray[np.floating], rule: DecisionRule) -> list[dict[str, Any]]:
    """How many films of each group and class get each answer."""
    probabilities = rule.calibration.probability(scores)
    found = [rule.finding(float(probability), rule.operating_point()) for probability in probabilities]
    rows = []
    for source in sorted({film.source for film in films}):
        for name, belongs in GROUPS:
            for positive in (False, True):
                own = _own(films, source, belongs, positive)
                if len(own) and (name != "confirmed" or source == "nih"):
                    said = {str(finding): sum(found[i] is finding for i in own) for finding in Finding}
                    label = "pneumonia" if positive else "normal"
                    rows.append({"source": source, "group": name, "label": label, "films": len(own)} | said)
    return rows


def _own(films: Sequence[Film], source: str, belongs: Callable[[Film], bool], positive: bool) -> NDArray[np.intp]:
    found = [
        i
        for i, film in enumerate(films)
        if film.source == source and belongs(film) and film.labelled.positive == positive
    ]
    return np.array(found, dtype=np.intp)


def evaluate_home(films: Sequence[Film], logits: NDArray[np.floating], rule: DecisionRule) -> dict[str, Any]:
    """What a card says of the validation: that of the held-out films of home."""
    own = [i for i, film in enumerate(films) if film.source == HOME]
    predictions = Predictions(tuple(films[i].labelled for i in own), np.asarray(logits[own], dtype=np.float32))
    found = evaluate(predictions, rule, "Validation (held-out films of home)").to_dict()
    return {key: found[key] for key in ("title", "counts", "ranking", "points", "resampling")}


def build_card(card: BundleCard, rule: DecisionRule, version: str, validation: dict[str, Any], size: int) -> BundleCard:
    """The card of a bundle of many hospitals, which reads radiographs at a size."""
    data = {"source": "chest_xray/train and elsewhere/ (NOTICE names all sources)", "population": POPULATION}
    return replace(
        card,
        name="pneumoscope-resnet50",
        version=version,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        licence="Apache-2.0",
        rule=rule,
        preprocessing=describe_preprocessing(replace(RECIPES["hospitals"], inference_size=size)),
        training=card.training | {"data": data | {"licence": "see NOTICE"}},
        validation=validation,
        intended_use="Research on screening frontal chest films of children from 1 year on and of adults, for "
        "pneumonia. No medical device.",
        limits=LIMITS,
        ages=AgeRange(1.0, 100.0),
        envelope=None,
    )


def write_card(bundle: Path, card: BundleCard, out: Path) -> None:
    """A copy of a bundle with another card, without a seal."""
    model = onnx.load(bundle)
    [entry] = [entry for entry in model.metadata_props if entry.key == METADATA_KEY]
    entry.value = card.to_json()
    onnx.save(model, out)


def main() -> None:
    """Score, fit, write, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--lungs", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--version", required=True)
    parser.add_argument("--out", type=output, required=True, metavar="FILE.onnx")
    parser.add_argument("--record", type=output, required=True, metavar="RECORD.json")
    options = parser.parse_args()
    films = held_out_films()
    logits = score_bundle(options.bundle, films, options.lungs)
    scores = pneumonia_score(logits).astype(np.float64)
    rule = fit_rule(films, scores)
    rows = measure(films, scores, default_score(rule))
    validated = evaluate_home(films, logits, rule)
    card = build_card(read_card(options.bundle), rule, options.version, validated, size_read(options.bundle))
    write_card(options.bundle, card, options.out)
    points = {point.name: [threshold_score(rule, point.threshold), point.threshold] for point in rule.operating_points}
    write_record(options.record, {"points": points, "rows": rows, "answers": answers(films, scores, rule)})
    for name, (score, threshold) in points.items():
        print(f"{name:18} raw score {score:+.3f}   probability {threshold:.3f}")


def default_score(rule: DecisionRule) -> float:
    """The raw score of the default threshold."""
    return threshold_score(rule, rule.operating_point().threshold)


def threshold_score(rule: DecisionRule, threshold: float) -> float:
    """The raw score of a threshold on the probability."""
    odds = np.log(threshold / (1 - threshold))
    return float((odds - rule.calibration.intercept) / rule.calibration.slope)


if __name__ == "__main__":
    main()
