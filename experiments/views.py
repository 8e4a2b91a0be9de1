"""Test-time augmentation: what the mean over several views of a film buys, and what it costs.

    python experiments/views.py [--bundle FILE]

The held-out films of train are scored in every view by the released bundle, and the logits of the views averaged. The
official test is left alone. The record keeps measures alone; evidence.py makes the table.
"""

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import held_out
import numpy as np
import records
from records import Scores
from robustness import Change, score
from sweep import measured

from lab.stress import crop, rotate
from pneumoscope.bundle.card import RELEASED
from pneumoscope.compute.cores import usable_cores
from pneumoscope.decision.labels import CLASSES
from pneumoscope.errors import PneumoscopeError
from pneumoscope.imaging import read, to_input

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))
import machine  # noqa: E402
from page import table  # noqa: E402

RECORD = records.FOLDER / "views.json"

VIEWS: dict[str, Change] = {
    "the film alone": np.asarray,
    "and mirrored": np.fliplr,
    "and 4% closer": partial(crop, share=0.04),
    "and turned by 5 degrees": partial(rotate, degrees=5),
    "and turned back by 5": partial(rotate, degrees=-5),
}
"""Each is added to those before it."""


def main(arguments: list[str] | None = None) -> None:
    """Score every view, measure the means."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bundle", type=Path, default=RELEASED, help="an exported model (default: released)")
    parser.add_argument("--data", type=Path, help="films with labels, as for training")
    parser.add_argument("--out", type=Path, default=RECORD)
    asked = parser.parse_args(arguments)
    source = asked.data or machine.films("chest_xray")
    films = list(held_out.films(source).values())
    inputs = [to_input(read(film.path)) for film in films]
    session = held_out.session(asked.bundle, usable_cores())
    rows, logits = [], []
    for name, change in VIEWS.items():
        logits.append(score(session, inputs, change, usable_cores()))
        mean = Scores(
            films=np.array([film.path.name for film in films]),
            patients=np.array([film.patient for film in films]),
            classes=np.array([CLASSES.index(film.subtype or film.label) for film in films]),
            logits=np.mean(logits, axis=0, dtype=np.float64),
        )
        rows.append({"views": name, **measured(mean)})
        print(rows[-1], flush=True)
    about = {"machine": machine.describe(), "commit": machine.commit(), "bundle": session.sha256, "films": len(films)}
    asked.out.write_text(json.dumps(about | {"rows": rows}, indent=1) + "\n")


def tables(record: dict[str, Any]) -> str:
    """Markdown: one row for every mean."""
    return table(
        ("mean over", "log loss", "AUC", "recall at score 0", "specificity at score 0", "three classes", "inference"),
        (
            (
                row["views"],
                f"{row['log_loss']:.3f}",
                f"{row['auc']:.4f}",
                *(f"{row[name]:.1%}" for name in ("recall", "specificity", "three_classes")),
                f"x {count}",
            )
            for count, row in enumerate(record["rows"], 1)
        ),
    )


if __name__ == "__main__":
    try:
        main()
    except PneumoscopeError as problem:
        sys.exit(str(problem))
