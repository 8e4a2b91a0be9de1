"""Labelled radiographs that need no file, with logits drawn at random: inputs for the tests of this room."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from pneumoscope.data.labelled import LabelledRadiograph, RefusedRadiograph
from pneumoscope.decision.calibration import Calibration
from pneumoscope.decision.labels import CLASSES, Label, Subtype
from pneumoscope.decision.operating_point import OperatingPoint
from pneumoscope.evaluation import DecisionRule, Predictions
from pneumoscope.imaging import Reason, Refusal

RULE = DecisionRule(
    Calibration(slope=1.2, intercept=-0.3),
    (OperatingPoint("balanced", 0.55, "best on validation"), OperatingPoint("high-sensitivity", 0.2, "finds more")),
    "balanced",
)

_MEANS = np.array([[2.5, -1.5, -1.0], [-1.5, 1.5, 0.3], [-0.8, 0.4, 1.2]])


def labelled(kind: str, number: int, patient: str | None = None) -> LabelledRadiograph:
    """One radiograph; ``kind`` is normal, bacterial, viral or pneumonia (of unknown subtype)."""
    label = Label.NORMAL if kind == "normal" else Label.PNEUMONIA
    subtype = Subtype(kind) if kind in ("bacterial", "viral") else None
    return LabelledRadiograph(
        Path(f"/films/{kind}-{number}.jpeg"), label, subtype, patient or f"{kind}/{number // 2}", "val"
    )


CUT = Refusal(Reason.TRUNCATED, "The file is cut short.")


def predictions(counts: dict[str, int], seed: int = 0, refused: int = 0) -> Predictions:
    """Radiographs of each kind, two a patient, with logits that overlap."""
    every = [labelled(kind, number) for kind, count in counts.items() for number in range(count)]
    kinds = [CLASSES.index(one.subtype or "normal") if one.subtype or not one.positive else 1 for one in every]
    noise = np.random.default_rng(seed).normal(0, 1.5, (len(every), 3))
    lost = tuple(RefusedRadiograph(labelled("normal", 900 + number), CUT) for number in range(refused))
    return Predictions(tuple(every), (_MEANS[kinds] + noise).astype(np.float32), lost)


def in_series(counts: dict[str, int], seed: int = 0) -> Predictions:
    """As :func:`predictions`, under the patient keys of the public release, last number first."""
    drawn = predictions(counts, seed)
    names = {"normal": "normal/IM", "bacterial": "pneumonia/bacterial", "viral": "pneumonia/viral"}
    keyed = [
        replace(one, patient=f"{names[one.subtype or 'normal']}/{1000 - int(one.path.stem.partition('-')[2])}")
        for one in drawn.radiographs
    ]
    return Predictions(tuple(keyed), drawn.logits)


MIXED = {"normal": 60, "bacterial": 50, "viral": 40}
