"""Scores that were kept: of the released network on its validation radiographs, and of each release on the test."""

import csv
import io
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from experiments import campaign

ROOT = Path(__file__).parents[2]
SCREENING = "docs/evidence/test-screening.csv"
COMMITS = {"1.0.0": "1197226", "1.1.0": "aa7bfd5", "1.2.0": "835e150", "1.3.0": "1dcd5e4", "1.4.0": "8fb9f56"}
"""Where the repository's history has SCREENING of each release."""


def validation() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Classes (N,) as indices of the classes, and logits (N, 3), of release 1.4.0 on its 712 validation radiographs."""
    scores = campaign("batchnorm_reestimation").scores("release-1.4.0", "validation")
    return scores.classes, scores.logits


def findings(release: str) -> dict[str, tuple[float, bool]]:
    """Score, and whether the default operating point found pneumonia, by file name, of a release on the test."""
    place = f"{COMMITS[release]}:{SCREENING}"
    text = subprocess.run(["git", "show", place], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    rows = csv.DictReader(io.StringIO(text))
    return {Path(row["path"]).name: (float(row["score"]), row["finding"] == "pneumonia") for row in rows}
