"""How bundles bear stressed films, and what their score rests on: stresses in doses, and checks for shortcuts.

    python experiments/robustness.py --bundle A.onnx --beside B.onnx [C.onnx]

A balanced sample of the held-out films of train is scored by each bundle under every dose of every stress, and with
evidence taken away: the lungs, all but the lungs, sharpness. The record keeps every condition that is done, so the same
command goes on where it stopped. The official test is left alone. robustness_page.py draws and tabulates the record.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import held_out
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lab.stress import STRESSES, Pixels, blank, equalise_sharpness, smear
from pneumoscope.compute.cores import usable_cores
from pneumoscope.compute.pool import in_order
from pneumoscope.data.audit.shortcuts import laplacian_variance
from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.data.layout import fingerprint
from pneumoscope.decision.labels import Label
from pneumoscope.decision.rule import DecisionRule
from pneumoscope.decision.score import pneumonia_score
from pneumoscope.errors import DataError, PneumoscopeError
from pneumoscope.evaluation import metrics
from pneumoscope.evaluation.bootstrap import Resampling, Statistic, estimates
from pneumoscope.evaluation.predictions import Predictions
from pneumoscope.imaging import INPUT_SIZE, read, to_input
from pneumoscope.screening.runtime.session import Session

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))
import machine  # noqa: E402

RECORD = ROOT / "experiments" / "records" / "robustness.json"

SHARPNESS_PERCENTILE = 10
"""Of the sample's sharpness, what all films are brought to: nine in ten are blurred, the others sharpened."""

AROUND = 16
"""Pixels about the mask, which is one outline for all films, so that it leaves a rest of lung on many."""

Change = Callable[[Pixels], Pixels]


class Condition(NamedTuple):
    """What is done to every film: a stress, the name of its strength, and the dose where there is one."""

    stress: str
    strength: str
    dose: float | None


def conditions(lungs: NDArray[np.bool_], sharpness: float) -> dict[Condition, Change]:
    """Everything that is tried.

    Args:
        lungs: mask (INPUT_SIZE, INPUT_SIZE) of the lungs.
        sharpness: what every film is brought to where sharpness is made equal.
    """
    around = ndimage.binary_dilation(lungs, iterations=AROUND)
    checks: dict[str, Change] = {
        "lungs blanked": partial(blank, where=lungs),
        f"lungs and {AROUND} pixels around them blanked": partial(blank, where=around),
        "lungs blurred": partial(smear, where=lungs),
        "all but the lungs blanked": partial(blank, where=~lungs),
        "all but the lungs blurred": partial(smear, where=~lungs),
        "sharpness equalised": partial(equalise_sharpness, target=sharpness),
    }
    tried: dict[Condition, Change] = {Condition("none", "as they are", None): np.asarray}
    for stress in STRESSES:
        for strength, dose in stress.doses.items():
            tried[Condition(stress.name, strength, dose)] = partial(_dosed, stress.apply, dose)
    return tried | {Condition("check", name, None): change for name, change in checks.items()}


def _dosed(apply: Callable[[Pixels, float], Pixels], dose: float, film: Pixels) -> Pixels:
    return apply(film, dose)


def sample(source: Path, count: int) -> dict[str, LabelledRadiograph]:
    """Take ``count`` held-out films of each label, by the sha256 of their content.

    They lie evenly over the label's films in the order of subtype and sha256: a draw that stays, with the subtypes in
    proportion.

    Raises:
        DataError: there are fewer.
    """
    unseen = held_out.films(source)
    taken: dict[str, LabelledRadiograph] = {}
    for label in Label:
        keys = [key for key, film in unseen.items() if film.label is label]
        if len(keys) < count:
            raise DataError(f"{source}: only {len(keys)} held-out films are {label}; ask for --films {len(keys)}")
        keys.sort(key=lambda key: (unseen[key].subtype or "", key))
        taken |= {keys[place]: unseen[keys[place]] for place in (2 * np.arange(count) + 1) * len(keys) // (2 * count)}
    return taken


def measure(logits: NDArray[np.float32], films: Iterable[LabelledRadiograph], rule: DecisionRule) -> dict[str, Any]:
    """AUC, and what two thresholds achieve: "default", the bundle's own operating point, and "zero", a score of 0.

    Returns:
        "auc" and, below each threshold's name, recall, specificity and balanced_accuracy; each with value, low and
        high, the interval by patient bootstrap.
    """
    predictions = Predictions(tuple(films), logits)
    positive, score = predictions.positive, np.asarray(pneumonia_score(logits), dtype=np.float64)
    threshold = next(point.threshold for point in rule.operating_points if point.name == rule.default)
    called = {"default": rule.probability(logits) >= threshold, "zero": score >= 0}
    wanted: dict[tuple[str, str], Statistic] = {("", "auc"): metrics.auc(score, positive, ~positive)}
    for point, found in called.items():
        decided = metrics.decisions(positive, found)
        wanted |= {(point, name): decided[name] for name in ("recall", "specificity", "balanced_accuracy")}
    result: dict[str, Any] = {point: {} for point in called}
    for (point, name), estimate in estimates(wanted, predictions.patients, Resampling()).items():
        (result[point] if point else result)[name] = asdict(estimate)
    return result


def describe_sharpness(inputs: Iterable[Pixels], films: Iterable[LabelledRadiograph]) -> dict[str, Any]:
    """Measure how well sharpness alone tells normal films, before and after it is made equal.

    Returns:
        "target", what it is brought to, and "auc_before" and "auc_after", with intervals as in :func:`measure`.
    """
    before = np.array([laplacian_variance(film) for film in inputs])
    target = float(np.percentile(before, SHARPNESS_PERCENTILE))
    after = np.array([laplacian_variance(equalise_sharpness(film, target)) for film in inputs])
    positive = np.array([film.positive for film in films])
    patients = np.unique([film.patient for film in films], return_inverse=True)[1]
    areas = {f"auc_{when}": metrics.auc(v, ~positive, positive) for when, v in (("before", before), ("after", after))}
    return {"target": target} | {k: asdict(area) for k, area in estimates(areas, patients, Resampling()).items()}


def score(session: Session, inputs: Iterable[Pixels], change: Change, workers: int) -> NDArray[np.float32]:
    """Logits (N, 3) of the changed films, film by film, as screening does."""
    return np.concatenate([row for row, _ in in_order(lambda film: session.run(change(film)[None]), inputs, workers)])


def run(
    sessions: list[Session], films: Mapping[str, LabelledRadiograph], lungs: NDArray[np.bool_], path: Path, workers: int
) -> None:
    """Score every bundle under every condition that the record at ``path`` does not hold yet.

    Raises:
        DataError: the record was made with other films or other lungs.
    """
    classes = np.array([film.classes for film in films.values()])
    drawn = {"sha256": fingerprint(films), "by_class": classes.sum(axis=0).tolist(), "lung_share": float(lungs.mean())}
    kept: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"sample": drawn, "rows": []}
    if kept["sample"] != drawn:
        raise DataError(f"{path}: made with other films or lungs; move it away, or name another with --out")
    inputs = [to_input(read(film.path)) for film in films.values()]
    sharpness = describe_sharpness(inputs, films.values())
    wanted = conditions(lungs, sharpness["target"])
    named = {session.sha256: session for session in sessions}
    rows = [row for row in kept["rows"] if _condition(row) in wanted and row["bundle"] in named]
    done = {(_condition(row), row["bundle"]) for row in rows}
    head = {"sample": drawn, "sharpness": sharpness, "bundles": [_about(session) for session in named.values()]}
    for number, (condition, change) in enumerate(wanted.items(), 1):
        missing = [session for sha256, session in named.items() if (condition, sha256) not in done]
        for session in missing:
            result = measure(score(session, inputs, change, workers), films.values(), DecisionRule.of(session.card))
            rows.append({**condition._asdict(), "bundle": session.sha256, **result})
            what = f"{number}/{len(wanted)} {condition.stress}, {condition.strength}, {session.path.stem}"
            print(f"{what}: AUC {result['auc']['value']:.3f}", flush=True)
        if missing:
            _write(path, head | {"rows": rows})


def _condition(row: Mapping[str, Any]) -> Condition:
    return Condition(row["stress"], row["strength"], row["dose"])


def _about(session: Session) -> dict[str, Any]:
    return {
        "name": session.path.stem,
        "sha256": session.sha256,
        "version": session.card.version,
        **DecisionRule.of(session.card).to_json(),
    }


def _write(path: Path, content: dict[str, Any]) -> None:
    """Replace the record in one step, so that a run that is killed leaves a whole one."""
    whole = {"machine": machine.describe(), "commit": machine.commit()} | content
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".partial")
    unfinished.write_text(json.dumps(whole, indent=1) + "\n")
    unfinished.replace(path)


def main(arguments: list[str] | None = None) -> None:
    """Take the sample, open the bundles, run."""
    from pneumoscope.imaging.lung_field import lung_field

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bundle", type=Path, required=True, help="an exported model")
    parser.add_argument("--beside", type=Path, nargs="+", default=[], help="others, to compare with")
    parser.add_argument("--data", type=Path, help="films with labels, as for training")
    parser.add_argument("--films", type=int, default=100, help="of each label (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=usable_cores(), help="threads (default: all cores)")
    parser.add_argument("--out", type=Path, default=RECORD, help="the record to begin or to go on with")
    asked = parser.parse_args(arguments)
    films = sample(asked.data or machine.films("chest_xray"), asked.films)
    sessions = [held_out.session(bundle, asked.workers) for bundle in (asked.bundle, *asked.beside)]
    run(sessions, films, lung_field(INPUT_SIZE), asked.out, asked.workers)


if __name__ == "__main__":
    try:
        main()
    except PneumoscopeError as problem:
        sys.exit(str(problem))
