"""At which size does a finished run read best? Its validation films at several sizes, as they are and calibrated.

    python experiments/reading_sizes.py RUN

In float32, covered where the run reads films so. Calibrated: a slope and an intercept of the score, fitted to the same
films, both classes weighed the same. Release 1.3.0's are in docs/evidence/ablations.md.
"""

import sys
from pathlib import Path

import numpy as np
from records import Scores
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sweep import measured

from pneumoscope.imaging import read, to_input
from pneumoscope.training.packing import PackedFilms, class_weights
from pneumoscope.training.recipe import from_json
from pneumoscope.training.run import load_finished, load_model, scored

SIZES = (128, 144, 160, 192, 224)


def main(folder: Path) -> None:
    """Print a line per size."""
    run = load_finished(folder)
    model, recipe = load_model(run), from_json(run.config["recipe"])
    films, _ = scored(folder, "validation")
    targets = np.array([film.classes for film in films], dtype=np.float32)
    weights = class_weights(targets)
    packed = PackedFilms(np.stack([to_input(read(film.path)) for film in films]), targets, weights)
    names, classes = np.array([film.path.name for film in films]), targets.argmax(axis=1)
    for size in SIZES:
        batches = packed.plain(size, 32, cover=recipe.covered)
        logits = np.concatenate([np.asarray(model.predict_on_batch(batch)) for batch in batches]).astype(np.float64)
        scores = Scores(names, names, classes, logits)
        fitted = LogisticRegression(C=1e6).fit(scores.score[:, None], scores.positive, weights)
        loss = log_loss(scores.positive, fitted.predict_proba(scores.score[:, None]), sample_weight=weights)
        rest = ", ".join(f"{name} {value:.4f}" for name, value in measured(scores).items())
        print(f"{size} px: log loss calibrated {loss:.4f}; as it is: {rest}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
