"""What black bars cost: the held-out films of home as they are and letterboxed, at the default threshold.

python -m experiments.hospitals.checks.letterbox BUNDLE.onnx --out RECORD.json
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from experiments.command import output
from experiments.hospitals.decision import default_score
from experiments.hospitals.line import read_card
from experiments.hospitals.measure import measure
from experiments.hospitals.sources import HOME, held_out_films
from experiments.test_set_audit.changes import letterboxed
from lab.held_out import session
from lab.machine import write_record
from pneumoscope.decision.score import pneumonia_score
from pneumoscope.imaging import read, to_input


def main() -> None:
    """Score twice, write, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--out", type=output, required=True, metavar="RECORD.json")
    options = parser.parse_args()
    films = [film for film in held_out_films() if film.source == HOME]
    seen = [to_input(read(film.labelled.path)) for film in films]
    opened, card = session(options.bundle, 1), read_card(options.bundle)
    threshold = default_score(card.rule)
    record: dict[str, Any] = {"model": card.version}
    for name, change in (("as they are", None), ("letterboxed", letterboxed)):
        changed = (to_input(read(change(film))) if change else film for film in seen)
        logits = np.concatenate([opened.run(film[None])[0] for film in changed])
        [row] = measure(films, pneumonia_score(logits).astype(np.float64), threshold)
        rates = row["specificity"]["value"], row["sensitivity"]["value"]
        record[name] = row | {"balanced_accuracy": sum(rates) / 2}
        print(
            f"{name:12} specificity {rates[0]:.1%}  sensitivity {rates[1]:.1%}  balanced accuracy {sum(rates) / 2:.1%}"
        )
    write_record(options.out, record)


if __name__ == "__main__":
    main()
