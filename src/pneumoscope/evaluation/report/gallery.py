"""The radiographs that were judged worst, as pictures: for the user's own report, never for a repository."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from pneumoscope.evaluation.evaluation import Evaluation
from pneumoscope.imaging import NotAssessedError, read
from pneumoscope.imaging.bars import without_bars
from pneumoscope.imaging.preprocess import to_8_bit
from pneumoscope.pages import data_uri

_SIDE = 360  # pixels; shown at half of that


@dataclass(frozen=True)
class Exhibit:
    """One wrong finding.

    Attributes:
        name: of the file.
        label: as labelled: "normal", "bacterial", "viral" or "pneumonia".
        probability: calibrated, of pneumonia, 0..1.
        picture: a data URI; None where the file cannot be read any more.
    """

    name: str
    label: str
    probability: float
    picture: str | None


def worst(evaluation: Evaluation, count: int = 8) -> tuple[list[Exhibit], list[Exhibit]]:
    """The most confident wrong findings at the default operating point, worst first.

    Returns:
        Up to ``count`` missed pneumonias, lowest probability first, and up to ``count`` false alarms, highest first.
    """
    log_odds, positive = evaluation.rule.log_odds(evaluation.predictions.logits), evaluation.predictions.positive
    called = evaluation.probability >= evaluation.main.threshold
    order = np.argsort(log_odds, kind="stable")
    missed = [int(index) for index in order if positive[index] and not called[index]]
    alarms = [int(index) for index in order[::-1] if called[index] and not positive[index]]
    return [_exhibit(evaluation, i) for i in missed[:count]], [_exhibit(evaluation, i) for i in alarms[:count]]


def _exhibit(evaluation: Evaluation, index: int) -> Exhibit:
    labelled = evaluation.predictions.radiographs[index]
    label = labelled.subtype.value if labelled.subtype else labelled.label.value
    return Exhibit(labelled.path.name, label, float(evaluation.probability[index]), preview_uri(labelled.path))


def preview_uri(path: Path) -> str | None:
    """A small copy of a radiograph for a page, as a data URI; None where it cannot be read."""
    try:
        pixels = read(path).pixels
    except NotAssessedError:
        return None
    image = Image.fromarray(to_8_bit(without_bars(pixels)))
    image.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    return data_uri(image)
