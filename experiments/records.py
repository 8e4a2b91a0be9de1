"""What is kept of a training run: everything but its weights, small enough for the repository.

    python experiments/records.py RUN NAME      keeps the finished run RUN as experiments/records/runs/NAME

records/runs/NAME/config.json    recipe, seed, block left out, films, versions
records/runs/NAME/history.json   one row per epoch
records/runs/NAME/scores.csv     the logits of every film the run never trained on; a refit trained on all
"""

import argparse
import csv
import json
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.decision.labels import CLASSES
from pneumoscope.decision.score import pneumonia_score
from pneumoscope.release.freeze import PRIVATE
from pneumoscope.training.run import load_finished, scored

FOLDER = Path(__file__).parent / "records"
RUNS = FOLDER / "runs"
FOLDS = "lungs"
"""Below it are the kept folds that out-of-fold scores come from."""


@dataclass(frozen=True)
class Scores:
    """Logits of films that the network never trained on.

    Attributes:
        films: (N,) file names.
        patients: (N,) patient keys.
        classes: (N,) index of the label in CLASSES; 1 for a pneumonia whose subtype the run was not told.
        logits: (N, 3).
    """

    films: NDArray[np.str_]
    patients: NDArray[np.str_]
    classes: NDArray[np.int64]
    logits: NDArray[np.float64]

    @cached_property
    def score(self) -> NDArray[np.float64]:
        """(N,) the raw score of pneumonia; above 0 the network holds it for the likelier."""
        return np.asarray(pneumonia_score(self.logits), dtype=np.float64)

    @property
    def positive(self) -> NDArray[np.bool_]:
        """(N,) labelled pneumonia."""
        return self.classes > 0

    def __add__(self, other: "Scores") -> "Scores":
        names = [field.name for field in fields(self)]
        return Scores(*(np.concatenate([getattr(self, name), getattr(other, name)]) for name in names))


def keep(run: Path, name: str) -> Path:
    """Keep a finished run; what was kept under that name before is replaced.

    Args:
        run: its folder.
        name: to keep it under.

    Raises:
        TrainingError: the folder holds no finished run.
    """
    finished = load_finished(run)
    folder = RUNS / name
    folder.mkdir(parents=True, exist_ok=True)
    config = {key: value for key, value in finished.config.items() if key not in PRIVATE}
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    (folder / "history.json").write_text(json.dumps(finished.history, indent=1) + "\n")
    if finished.refit:
        return folder
    with (folder / "scores.csv").open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["set", "film", "patient", "class", *CLASSES])
        # The left-out films of a mean are those of its members, as they scored them: kept with them.
        for name in ("validation", "left-out") if config.get("left_out") else ("validation",):
            films, logits = scored(run, name)
            writer.writerows(_row(name, *pair) for pair in zip(films, logits, strict=True))
    return folder


def _row(name: str, film: LabelledRadiograph, logits: NDArray[np.float32]) -> list[Any]:
    label = film.subtype or film.label
    return [name, film.path.name, film.patient, label, *(f"{value:.4f}" for value in logits)]


def history(name: str) -> list[dict[str, Any]]:
    """The history of a kept run."""
    rows: list[dict[str, Any]] = json.loads((RUNS / name / "history.json").read_text())
    return rows


def config(name: str) -> dict[str, Any]:
    """The config.json of a kept run."""
    read: dict[str, Any] = json.loads((RUNS / name / "config.json").read_text())
    return read


def scores(name: str, of: str) -> Scores:
    """The "validation" or the "left-out" films of a kept run."""
    with (RUNS / name / "scores.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["set"] == of]
    return Scores(
        np.array([row["film"] for row in rows]),
        np.array([row["patient"] for row in rows]),
        np.array([CLASSES.index(row["class"]) if row["class"] in CLASSES else 1 for row in rows]),
        np.array([[float(row[name]) for name in CLASSES] for row in rows]),
    )


def kept(recipe: str) -> list[str]:
    """The names of the kept runs below ``recipe``, such as small/fold-0."""
    return sorted(str(path.parent.relative_to(RUNS)) for path in (RUNS / recipe).glob("*/config.json"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("name", metavar="NAME")
    asked = parser.parse_args()
    print(keep(asked.run, asked.name))
