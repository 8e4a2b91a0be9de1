"""Fill the evidence pages, and the pages of the campaigns, with tables and figures from the sealed records.

    python -m experiments.evidence

A table lies between two comments that name it. The words around it are written by hand. Takes seconds and needs no
radiograph.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from experiments import HERE, campaign, closed
from experiments.envelope import page as envelope
from experiments.fuzz import record as fuzz
from experiments.heatmap_check import page as heatmap_check
from experiments.label_quality import page as label_quality
from experiments.networks import NETWORKS, networks
from experiments.robustness import page as robustness
from experiments.seeds import seeds
from experiments.threshold_transfer import page as threshold_transfer
from experiments.words import former_names
from lab.machine import ROOT
from lab.markdown import filled
from pneumoscope.evaluation.report.curves import history
from pneumoscope.evaluation.report.style import png
from pneumoscope.files import write_bytes, write_text

FIGURES = ROOT / "docs" / "figures"
COMPARED: dict[str, tuple[str, ...]] = {
    "first_release": ("release-1.0.0", "asked-for"),
    "weight_averaging": ("mean-of-four-small-folds", "mean-then-finished", "release-1.0.0"),
    "longer_training": ("longer", "release-1.0.0"),
    "sharpness_untouched": ("lungs-sharpness-alone", "lungs"),
    "unfrozen": (*NETWORKS["unfrozen"], "release-1.2.0"),
    "steady_rate": ("opened-steady-192", "opened-128"),
    "crops_from_448": (*NETWORKS["crops_from_448"], "opened-longer-128", "release-1.2.0"),
    "robustness": ("release-1.4.0", "release-1.3.0", "asked-for"),
    "batchnorm_reestimation": (*NETWORKS["batchnorm_reestimation"], "robust-mean", "robust-distilled", "robust-0"),
}
"""Campaign -> the networks in its table, by their names in the records."""


def _of(folder: str, kind: str, name: str, write: Callable[[dict[str, Any]], Any]) -> Callable[[], Any]:
    return lambda: write(campaign(folder).content(kind, name))


def _measured(folder: str, write: Callable[[dict[str, Any]], str]) -> Callable[[], str]:
    return lambda: write(json.loads((HERE / folder / "measured.json").read_text(encoding="utf-8")))


def _networks(names: tuple[str, ...]) -> Callable[[], str]:
    return lambda: networks(*names)


TABLES: dict[str, Callable[[], str]] = {
    "former-names": former_names,
    "candidates": networks,
    "folds": closed.number_blocks,
    "covering": closed.lung_masked,
    "collapse": closed.collapse,
    "sweep": closed.sweep,
    "views": closed.views,
    "seeds": lambda: seeds("lung_masked_small", "five folds", "number_blocks"),
    "refit": lambda: seeds("refit", "five seeds", "refit"),
    "released": lambda: seeds("lung_masked_seeds", "five seeds", "lung_masked_seeds"),
    "robust": lambda: seeds("robust", "five seeds", "robust"),
    "threshold-transfer": _of("threshold_transfer", "threshold transfer", "five folds", threshold_transfer.tables),
    "stressed": _of("weight_averaging", "stress", "fitted threshold", threshold_transfer.stressed),
    "robustness": _of("robustness", "stress", "release 1.4.0", robustness.tables),
    "cam-check": _of("heatmap_check", "heatmap check", "release 2.1.0", heatmap_check.tables),
    "label-quality": _of("label_quality", "label quality", "five folds", label_quality.tables),
    "hospitals and kinds left out": _measured("envelope", envelope.markdown),
    "kinds of file": _measured("fuzz", lambda found: fuzz.tables(found)["kinds of file"]),
    "damages": _measured("fuzz", lambda found: fuzz.tables(found)["damages"]),
    **{f"networks of {folder}": _networks(names) for folder, names in COMPARED.items()},
}
"""What each place on a page is filled with."""

DRAWINGS: dict[str, Callable[[], Any]] = {
    "threshold-transfer": _of("threshold_transfer", "threshold transfer", "five folds", threshold_transfer.figure),
    "robustness": _of("robustness", "stress", "release 1.4.0", robustness.figure),
    "cam-check": _of("heatmap_check", "heatmap check", "release 2.1.0", heatmap_check.figure),
    "training-history": _of("batchnorm_reestimation", "run", "release-1.4.0", lambda run: history(run["history"])),
}
"""Figures, by the stem of their file."""


def pages() -> dict[Path, str]:
    """Every page that has a place for a table, as the records make it."""
    tables = {name: write() for name, write in TABLES.items()}
    found = sorted([*(ROOT / "docs").rglob("*.md"), *HERE.rglob("README.md")])
    return {page: text for page in found if (text := filled(page, tables)) is not None}


def main() -> None:
    """Write pages and figures."""
    for page, text in pages().items():
        write_text(page, text)
        sys.stdout.write(f"{page.relative_to(ROOT)}\n")
    for name, draw in DRAWINGS.items():
        path = FIGURES / f"{name}.png"
        write_bytes(path, png(draw()))
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
