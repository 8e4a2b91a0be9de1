"""How bundles bear stressed radiographs, and what their score rests on: stresses in doses, and checks for shortcuts."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lab import held_out, machine
from lab.stress import STRESSES, Pixels, blank, equalise_sharpness, smear
from pneumoscope.compute.pool import WorkerPool
from pneumoscope.data.audit.shortcuts import laplacian_variance
from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.data.layout import fingerprint
from pneumoscope.decision.labels import Label
from pneumoscope.decision.rule import DecisionRule
from pneumoscope.decision.score import pneumonia_score
from pneumoscope.errors import DataError
from pneumoscope.evaluation import metrics
from pneumoscope.evaluation.bootstrap import Resampling, Statistic, estimates
from pneumoscope.evaluation.predictions import Predictions
from pneumoscope.files import write_json
from pneumoscope.imaging import INPUT_SIZE, read, to_input
from pneumoscope.imaging.lung_field import lung_field
from pneumoscope.progress import Progress
from pneumoscope.screening.runtime.session import Session

SHARPNESS_PERCENTILE = 10
"""Of the sample's sharpness, what every radiograph is brought to: nine in ten are blurred, the others sharpened."""

AROUND = 16
"""Pixels about the mask, which is one outline for all radiographs, so that it leaves some lung on many."""

Change = Callable[[Pixels], Pixels]


class Condition(NamedTuple):
    """What is done to every radiograph: a stress, the name of its strength, and the dose where there is one."""

    stress: str
    strength: str
    dose: float | None


def conditions(lungs: NDArray[np.bool_], sharpness: float) -> dict[Condition, Change]:
    """Everything that is tried.

    Args:
        lungs: mask (INPUT_SIZE, INPUT_SIZE) of the lungs.
        sharpness: what every radiograph is brought to where sharpness is made equal.
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


def _dosed(apply: Callable[[Pixels, float], Pixels], dose: float, radiograph: Pixels) -> Pixels:
    return apply(radiograph, dose)


def sample(source: Path, count: int) -> dict[str, LabelledRadiograph]:
    """Take ``count`` held-out radiographs of each label, by the SHA-256 of their content.

    They lie evenly over those of the label in the order of subtype and SHA-256: the same ones on every machine, with
    the subtypes in proportion.

    Raises:
        DataError: there are fewer.
    """
    unseen = held_out.radiographs(source)
    taken: dict[str, LabelledRadiograph] = {}
    for label in Label:
        keys = [key for key, one in unseen.items() if one.label is label]
        if len(keys) < count:
            raise DataError(f"{source}: only {len(keys)} held-out radiographs are {label}; ask for --count {len(keys)}")
        keys.sort(key=lambda key: (unseen[key].subtype or "", key))
        taken |= {keys[place]: unseen[keys[place]] for place in (2 * np.arange(count) + 1) * len(keys) // (2 * count)}
    return taken


def measure(logits: NDArray[np.float32], labelled: Iterable[LabelledRadiograph], rule: DecisionRule) -> dict[str, Any]:
    """AUC, and what two thresholds achieve: "default", the bundle's own operating point, and "zero", a score of 0.

    Args:
        logits: (N, 3), in the order of CLASSES.
        labelled: the N radiographs.
        rule: of the bundle.

    Returns:
        "auc" and, below each threshold's name, recall, specificity and balanced_accuracy; each with value, low and
        high: the 95% interval by patient bootstrap.
    """
    predictions = Predictions(tuple(labelled), logits)
    positive, score = predictions.positive, np.asarray(pneumonia_score(logits), dtype=np.float64)
    called = {"default": rule.probability(logits) >= rule.operating_point().threshold, "zero": score >= 0}
    wanted: dict[tuple[str, str], Statistic] = {("", "auc"): metrics.auc(score, positive, ~positive)}
    for point, found in called.items():
        decided = metrics.decisions(positive, found)
        wanted |= {(point, name): decided[name] for name in ("recall", "specificity", "balanced_accuracy")}
    result: dict[str, Any] = {point: {} for point in called}
    for (point, name), estimate in estimates(wanted, predictions.patients, Resampling()).items():
        (result[point] if point else result)[name] = asdict(estimate)
    return result


def describe_sharpness(inputs: Iterable[Pixels], labelled: Iterable[LabelledRadiograph]) -> dict[str, Any]:
    """Measure how well sharpness alone tells the normal radiographs, before and after it is made equal.

    Returns:
        "target", what it is brought to, and "auc_before" and "auc_after", with intervals as in :func:`measure`.
    """
    before = np.array([laplacian_variance(pixels) for pixels in inputs])
    target = float(np.percentile(before, SHARPNESS_PERCENTILE))
    after = np.array([laplacian_variance(equalise_sharpness(pixels, target)) for pixels in inputs])
    positive = np.array([one.positive for one in labelled])
    patients = np.unique([one.patient for one in labelled], return_inverse=True)[1]
    areas = {f"auc_{when}": metrics.auc(v, ~positive, positive) for when, v in (("before", before), ("after", after))}
    return {"target": target} | {k: asdict(area) for k, area in estimates(areas, patients, Resampling()).items()}


def predict(session: Session, inputs: Iterable[Pixels], change: Change, workers: int) -> NDArray[np.float32]:
    """Logits (N, 3) of the changed radiographs, one by one, as screening does."""
    with WorkerPool(workers) as pool:
        return np.concatenate([found.logits for found in pool.map(lambda one: session.run(change(one)[None]), inputs)])


def run(
    sessions: list[Session],
    labelled: Mapping[str, LabelledRadiograph],
    path: Path,
    workers: int,
    progress: Progress,
) -> None:
    """Measure every bundle under every condition that the record at ``path`` does not hold yet.

    Raises:
        DataError: the record was made with other radiographs or another lung template.
    """
    lungs = lung_field(INPUT_SIZE)
    record = _begun(path, labelled, lungs)
    inputs = [to_input(read(one.path)) for one in labelled.values()]
    record["sharpness"] = describe_sharpness(inputs, labelled.values())
    record["bundles"] = [_about(session) for session in sessions]
    wanted = conditions(lungs, record["sharpness"]["target"])
    named = {session.sha256: session for session in sessions}
    rows = [row for row in record["rows"] if _condition(row) in wanted and row["bundle"] in named]
    done = {(_condition(row), row["bundle"]) for row in rows}
    for number, (condition, change) in enumerate(wanted.items()):
        missing = [session for sha256, session in named.items() if (condition, sha256) not in done]
        for session in missing:
            progress(f"{condition.stress}, {condition.strength}, {session.path.stem}", number, len(wanted))
            found = measure(predict(session, inputs, change, workers), labelled.values(), session.card.rule)
            rows.append({**condition._asdict(), "bundle": session.sha256, **found})
        if missing:  # written in one step, so that a run that is killed leaves a whole record
            write_json(path, {"machine": machine.describe(), "commit": machine.commit()} | record | {"rows": rows})


def _begun(path: Path, labelled: Mapping[str, LabelledRadiograph], lungs: NDArray[np.bool_]) -> dict[str, Any]:
    """The record at ``path``, or a new one without rows."""
    counts = np.array([one.classes for one in labelled.values()]).sum(axis=0).tolist()
    sample = {"sha256": fingerprint(labelled), "by_class": counts, "lung_share": float(lungs.mean())}
    if not path.exists():
        return {"sample": sample, "rows": []}
    kept: dict[str, Any] = json.loads(path.read_text())
    if kept["sample"] != sample:
        raise DataError(f"{path}: made with other radiographs or another lung template; name another file with --out")
    return {"sample": sample, "rows": kept["rows"]}


def _condition(row: Mapping[str, Any]) -> Condition:
    return Condition(row["stress"], row["strength"], row["dose"])


def _about(session: Session) -> dict[str, Any]:
    rule: dict[str, Any] = msgspec.to_builtins(session.card.rule)
    return {"name": session.path.stem, "sha256": session.sha256, "version": session.card.version} | rule
