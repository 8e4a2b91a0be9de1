"""Training: the recipe ``baseline`` against the same task in plain Keras, on the same radiographs, one after the other.

    python -m benchmarks.training [--films 128] [--head-epochs 10] [--finetune-epochs 3]     (needs pneumoscope[train])

``--films`` counts training radiographs; half as many validate, on the number blocks that are always held out. A number
above what is there takes all of them, which is the run to quote and takes hours. Each side runs in its own process and
starts from files; nothing is extrapolated. The frozen phase is counted from the first listing of the files to the
fitted head: decoding and packing are in it, and importing TensorFlow is not, on either side. Whole runs count from
process start.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks import RESULTS, data_folder
from benchmarks.baseline_training import RECIPE
from lab import machine
from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.data.layout import load
from pneumoscope.data.manifest import write_manifest
from pneumoscope.data.splits import divided


def chosen(source: Path, count: int) -> list[LabelledRadiograph]:
    """``count`` training radiographs and half as many validation radiographs, evenly over classes and numbers."""
    available = divided(load(source)).values()
    radiographs = []
    for split, most in (("train", count), ("val", count // 2)):
        side = sorted(
            (radiograph for radiograph in available if radiograph.split == split),
            key=lambda radiograph: (radiograph.classes, radiograph.path),
        )
        radiographs += [side[i] for i in np.linspace(0, len(side) - 1, min(most, len(side))).round().astype(int)]
    return radiographs


def linked(radiographs: list[LabelledRadiograph], folder: Path) -> Path:
    """The same radiographs as links in the folders that ``image_dataset_from_directory`` expects."""
    for number, radiograph in enumerate(radiographs):
        link = folder / radiograph.split / radiograph.label.upper() / f"{number}-{radiograph.path.name}"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(radiograph.path.resolve())
    return folder


def run(module: str, *arguments: object) -> float:
    """Run one side to its end as a user's process would start; gives wall-clock seconds."""
    settings = ("TF_", "KERAS_", "OMP_", "XLA_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(settings)}
    started = time.monotonic()
    line = [sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)]
    subprocess.run(line, env=environment, cwd=machine.ROOT, check=True)
    return time.monotonic() - started


def auc_error(auc: float, positives: int, negatives: int) -> float:
    """Standard error of an area under the ROC curve (Hanley and McNeil 1982, equations 1 and 2)."""
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (positives - 1) * (q1 - auc**2) + (negatives - 1) * (q2 - auc**2)
    return float(np.sqrt(max(variance, 0.0) / (positives * negatives)))


def peer_rates(epochs: list[dict[str, Any]], train_films: int) -> dict[str, float]:
    """Images a second in training, by phase; an epoch is counted from the end of the one before it."""
    rates: dict[str, list[float]] = {}
    for before, row in pairwise(epochs):
        if before["phase"] == row["phase"]:  # the first epoch of a phase compiles too
            rates.setdefault(row["phase"], []).append(train_films / (row["trained_at"] - before["validated_at"]))
    return {phase: median(values) for phase, values in rates.items()}


def reached(epochs: list[dict[str, Any]], auc: float) -> float | None:
    """Seconds from process start to the first epoch with this validation AUC."""
    return next((row["validated_at"] for row in epochs if row["val_auc"] >= auc), None)


def compared(peer: dict[str, Any], ours: dict[str, Any]) -> dict[str, Any]:
    """The record: both sides, and the ratios between them."""
    from sklearn.metrics import roc_auc_score

    labels = peer.pop("val_labels")
    for row in peer["epochs"]:
        row["val_auc"] = float(roc_auc_score(labels, row.pop("val_probabilities")))
    positives = sum(labels)
    peer["images_per_second"] = peer_rates(peer["epochs"], peer["train_films"])
    for side in (peer, ours):
        head = [row for row in side["epochs"] if row["validated_at"] <= side["head_done_at"]]
        side["frozen_seconds"] = side["head_done_at"] - side["imported_at"]
        side["frozen_val_auc"], side["final_val_auc"] = head[-1]["val_auc"], side["epochs"][-1]["val_auc"]
        for moment in ("frozen", "final"):
            side[f"{moment}_val_auc_error"] = auc_error(side[f"{moment}_val_auc"], positives, len(labels) - positives)
    target, error = peer["final_val_auc"], peer["final_val_auc_error"]
    exactly, within = reached(ours["epochs"], target), reached(ours["epochs"], target - error)
    arrived = peer["epochs"][-1]["validated_at"]
    return {
        "recipe": f"the recipe `{RECIPE}`",
        "train_films": peer["train_films"],
        "val_films": len(labels),
        "val_positives": positives,
        "frozen_ratio": peer["frozen_seconds"] / ours["frozen_seconds"],
        "whole_ratio": peer["wall_seconds"] / ours["wall_seconds"],
        "peer_final_auc_at": arrived,
        "ours_at_peer_final_auc_at": exactly,
        "time_to_auc_ratio": arrived / exactly if exactly else None,
        "ours_within_one_error_at": within,
        "time_within_one_error_ratio": arrived / within if within else None,
        "peer": peer,
        "ours": ours,
    }


def told(record: dict[str, Any]) -> str:
    """The record in a few lines."""
    lines = [f"{record['train_films']} training radiographs, {record['val_films']} validation radiographs"]
    for name in ("peer", "ours"):
        side = record[name]
        rates = ", ".join(f"{phase} {rate:.1f}" for phase, rate in side["images_per_second"].items())
        lines += [
            f"{name}: frozen phase {side['frozen_seconds']:.1f} s, validation AUC {side['frozen_val_auc']:.4f} "
            f"(standard error {side['frozen_val_auc_error']:.4f}); whole run {side['wall_seconds']:.1f} s, AUC "
            f"{side['final_val_auc']:.4f} ({side['final_val_auc_error']:.4f}); peak {side['peak_rss_mb']:.0f} MB",
            f"      training images/s: {rates}",
        ]
    lines.append(f"frozen phase {record['frozen_ratio']:.1f}x, whole run {record['whole_ratio']:.1f}x")
    for name, ratio in (("exactly", "time_to_auc_ratio"), ("less one standard error", "time_within_one_error_ratio")):
        said = "not reached" if record[ratio] is None else f"{record[ratio]:.1f}x"
        lines.append(f"time to the peer's final AUC, {name}: {said}")
    whole = sum(record["ours"]["profile"].values())
    lines += [f"{value:8.1f} s {value / whole:6.1%}  {name}" for name, value in record["ours"]["profile"].items()]
    return "\n".join(lines)


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="default: the public release under PNEUMOSCOPE_DATA")
    parser.add_argument("--weights", type=Path, default=machine.WEIGHTS, help="ImageNet weights (default: %(default)s)")
    parser.add_argument("--films", type=int, default=128, help="training radiographs (default: %(default)s)")
    parser.add_argument("--head-epochs", type=int, default=10, help="of the peer (default: %(default)s)")
    parser.add_argument("--finetune-epochs", type=int, default=3, help="of the peer (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of both (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="the record (default: that of benchmarks/results)")
    options = parser.parse_args()

    radiographs = chosen(options.data or data_folder("chest_xray"), options.films)
    both = ("--weights", options.weights, "--seed", options.seed)
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_manifest(radiographs, folder / "films.csv")
        epochs = ("--head-epochs", options.head_epochs, "--finetune-epochs", options.finetune_epochs)
        data = linked(radiographs, folder / "films")
        wall = {"peer": run("plain_keras", "--data", data, "--out", folder / "peer.json", *epochs, *both)}
        ours = ("--data", folder / "films.csv", "--run", folder / "run", "--out", folder / "ours.json")
        wall["ours"] = run("baseline_training", *ours, *both)
        sides = {
            side: json.loads((folder / f"{side}.json").read_text()) | {"wall_seconds": wall[side]} for side in wall
        }
    record = compared(sides["peer"], sides["ours"])
    print(told(record))
    machine.write_record(options.json or RESULTS / "training.json", record)


if __name__ == "__main__":
    main()
