"""Every table and figure of docs/evidence, from the stored records.

    python experiments/evidence.py

Each table lies between two comments that name it; the words around them are written by hand.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cam_check
import label_quality
import numpy as np
import records
import robustness
import robustness_page
import seeds
import sweep
import threshold_transfer
import views

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))
from page import fill, table  # noqa: E402

from pneumoscope.evaluation.report.style import png  # noqa: E402

EVIDENCE = ROOT / "docs" / "evidence"
FIGURES = ROOT / "docs" / "figures"
FITTED = records.FOLDER / "robustness_mean.json"
"""Of bundles whose default threshold was fitted to held-out films, as none has been since release 1.1.0."""

SEED_0 = "released/release-1.2.0"
"""The run of release 1.2.0; beside it are those of its recipe with other seeds."""


def folds() -> str:
    """Markdown: the folds on the films they never saw, and what five times the inference would buy."""
    lines = []
    for of in ("left-out", "validation"):
        unseen = {Path(name).name: records.scores(name, of) for name in records.kept(records.FOLDS)}
        rows = {name: sweep.measured(films) for name, films in unseen.items()}
        lines += [[name, f"{of}, {len(unseen[name].films)}", *_cells(row)] for name, row in rows.items()]
        for word, how in (("mean", np.mean), ("standard deviation", _spread)):
            row = {key: float(how([row[key] for row in rows.values()])) for key in rows["fold-0"]}
            lines.append([word, of, *_cells(row)])
    ensemble = replace(unseen["fold-0"], logits=np.mean([films.logits for films in unseen.values()], axis=0))
    lines.append(["logits of all five, averaged", "validation", *_cells(sweep.measured(ensemble))])
    return table(("run", "films", *MEASURES), lines)


def covering() -> str:
    """Markdown: one fold trained on without the cover and with it, on the films it never saw."""
    lines = []
    for of in ("left-out", "validation"):
        for name, what in (("finish/fold-0", "whole films"), ("covered/fold-0", "covered")):
            unseen = records.scores(name, of)
            lines.append([what, f"{of}, {len(unseen.films)}", *_cells(sweep.measured(unseen))])
    return table(("trained on, and read", "films", *MEASURES), lines)


def candidates() -> str:
    """Markdown: what could have been released, on the validation films as they are and stressed."""
    lines = []
    for kept in (SEED_0, *records.kept("robust"), *records.kept("candidates")):
        name = Path(kept).name
        cells = _cells(sweep.measured(records.scores(kept, "validation")))
        if not records.config(kept)["recipe"].get("subtypes", True):
            cells[MEASURES.index("three classes")] = ""
        lines.append([name, *cells, _stressed(name)])
    columns = ("network", *MEASURES, "stressed: balanced accuracy (recall / specificity)")
    return table(columns, sorted(lines, key=lambda line: line[1]))


def _stressed(name: str) -> str:
    """The mean over all doses of all stresses; empty for a network that was not put under stress."""
    for path in sorted(records.FOLDER.glob("robustness*.json")):
        record = json.loads(path.read_text())
        for bundle in record["bundles"]:
            if bundle["name"] == name:
                dosed = (row for row in record["rows"] if row["bundle"] == bundle["sha256"] and row["dose"] is not None)
                return threshold_transfer.shown([row["zero"] for row in dosed])
    return ""


def _spread(values: list[float]) -> float:
    return float(np.std(values, ddof=1))


MEASURES = ("log loss", "AUC", "recall at score 0", "specificity at score 0", "three classes")


def _cells(row: dict[str, float]) -> list[str]:
    shares = (f"{row[name]:.1%}" for name in ("recall", "specificity", "three_classes"))
    return [f"{row['log_loss']:.3f}", f"{row['auc']:.4f}", *shares]


def _of_record(path: Path, write: Callable[[dict[str, Any]], Any]) -> Callable[[], Any]:
    return lambda: write(json.loads(path.read_text()))


PAGES: dict[str, dict[str, Callable[[], str]]] = {
    "ablations.md": {
        "folds": folds,
        "candidates": candidates,
        "seeds": _of_record(seeds.record_of("lungs"), seeds.tables),
        "released": _of_record(seeds.record_of("released"), seeds.tables),
        "robust": _of_record(seeds.record_of("robust"), seeds.tables),
        "refit": _of_record(seeds.record_of("refit"), seeds.tables),
        "covering": covering,
        "sweep": sweep.tables,
        "views": _of_record(views.RECORD, views.tables),
    },
    "threshold-transfer.md": {
        "threshold-transfer": _of_record(threshold_transfer.RECORD, threshold_transfer.tables),
        "stressed": _of_record(FITTED, threshold_transfer.stressed),
    },
    "robustness.md": {"robustness": _of_record(robustness.RECORD, robustness_page.tables)},
    "explanations.md": {"cam-check": _of_record(cam_check.RECORD, cam_check.tables)},
    "labels.md": {"label-quality": _of_record(label_quality.RECORD, label_quality.tables)},
}
DRAWINGS: dict[str, Callable[[], Any]] = {
    "threshold-transfer": _of_record(threshold_transfer.RECORD, threshold_transfer.figure),
    "robustness": _of_record(robustness.RECORD, robustness_page.figure),
    "cam-check": _of_record(cam_check.RECORD, cam_check.figure),
}


def pages() -> dict[Path, str]:
    """Every page as its records make it."""
    written = {}
    for name, tables in PAGES.items():
        page = EVIDENCE / name
        written[page] = fill(page.read_text(), {key: write() for key, write in tables.items()})
    return written


if __name__ == "__main__":
    for page, text in pages().items():
        page.write_text(text)
        print(page)
    for name, draw in DRAWINGS.items():
        (FIGURES / f"{name}.png").write_bytes(png(draw()))
        print(FIGURES / f"{name}.png")
