"""What is kept of a training run: everything but its weights, small enough for the repository.

    python experiments/records.py RUN NAME [--size N]      keeps the finished run RUN as experiments/records/runs/NAME

records/runs/NAME/config.json    recipe, seed, block left out, films, versions
records/runs/NAME/history.json   one row per epoch
records/runs/NAME/scores.csv     the logits of every film the run never trained on

A run of small films only is scored anew at --size N, near the size of what it was trained on: it misreads larger ones.
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
from PIL import Image

from pneumoscope.data.film import CLASSES, Film
from pneumoscope.evaluation.freeze import PRIVATE
from pneumoscope.imaging import read, to_input
from pneumoscope.model.score import pneumonia_score
from pneumoscope.training.run import load_finished, load_model, scored

FOLDER = Path(__file__).parent / "records"
RUNS = FOLDER / "runs"


@dataclass(frozen=True)
class Scores:
    """Logits of films that the network never trained on.

    Attributes:
        films: (N,) file names.
        patients: (N,) patient keys.
        classes: (N,) index of the label in CLASSES.
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


def keep(run: Path, name: str, size: int | None = None) -> Path:
    """Keep a finished run; what was kept under that name before is replaced.

    Args:
        run: its folder.
        name: to keep it under.
        size: side of the films, in pixels, to score them anew at; None for the scores that the run made itself.

    Raises:
        TrainingError: the folder holds no finished run.
    """
    finished = load_finished(run)
    folder = RUNS / name
    folder.mkdir(parents=True, exist_ok=True)
    config = {key: value for key, value in finished.config.items() if key not in PRIVATE} | {"scored_at": size}
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    (folder / "history.json").write_text(json.dumps(finished.history, indent=1) + "\n")
    model = load_model(finished) if size else None
    with (folder / "scores.csv").open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["set", "film", "patient", "class", *CLASSES])
        # The left-out films of a mean are those of its members, as they scored them: kept with them.
        for name in ("validation", "left-out") if config.get("left_out") else ("validation",):
            films, logits = scored(run, name)
            if size:
                logits = _scored_at(size, films, model)
            writer.writerows(_row(name, *pair) for pair in zip(films, logits, strict=True))
    return folder


def _scored_at(size: int, films: list[Film], model: Any) -> NDArray[np.float32]:
    batches = []
    for start in range(0, len(films), 32):
        inputs = [Image.fromarray(to_input(read(film.path))) for film in films[start : start + 32]]
        small = [np.asarray(film.resize((size, size), Image.Resampling.BILINEAR), np.float32) for film in inputs]
        batches.append(np.asarray(model.predict_on_batch(np.stack(small)[..., None])))
    return np.concatenate(batches)


def _row(name: str, film: Film, logits: NDArray[np.float32]) -> list[Any]:
    label = film.subtype if film.positive else film.label
    return [name, film.path.name, film.patient, label, *(f"{value:.4f}" for value in logits)]


def history(name: str) -> list[dict[str, Any]]:
    """The history of a kept run."""
    rows: list[dict[str, Any]] = json.loads((RUNS / name / "history.json").read_text())
    return rows


def scores(name: str, of: str) -> Scores:
    """The "validation" or the "left-out" films of a kept run."""
    with (RUNS / name / "scores.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["set"] == of]
    return Scores(
        np.array([row["film"] for row in rows]),
        np.array([row["patient"] for row in rows]),
        np.array([CLASSES.index(row["class"]) for row in rows]),
        np.array([[float(row[name]) for name in CLASSES] for row in rows]),
    )


def kept(recipe: str) -> list[str]:
    """The names of the kept runs below ``recipe``, such as small/fold-0."""
    return sorted(str(path.parent.relative_to(RUNS)) for path in (RUNS / recipe).glob("*/config.json"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--size", type=int)
    asked = parser.parse_args()
    print(keep(asked.run, asked.name, asked.size))
