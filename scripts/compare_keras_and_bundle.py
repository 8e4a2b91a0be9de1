"""Do Keras and the bundle decide alike? Over every film of a split.

    python scripts/compare_keras_and_bundle.py RUN BUNDLE ../shared/datasets/chest_xray test

Prints the largest difference in logits and in probability, and counts the decisions that differ at each operating
point. Exits with 1 if any does. Needs pneumoscope[train].
"""

import sys
from pathlib import Path

import numpy as np

from pneumoscope.data.layout import load
from pneumoscope.decision.rule import DecisionRule
from pneumoscope.imaging import read, to_input
from pneumoscope.screening.screener import Screener
from pneumoscope.training.packing import PackedFilms
from pneumoscope.training.recipe import from_json
from pneumoscope.training.run import load_finished, load_model


def main(run: str, bundle: str, source: str, split: str) -> int:
    """Compare; returns the exit code."""
    paths = [film.path for film in load(Path(source)) if film.split == split]
    screener = Screener(Path(bundle))
    from_bundle = np.stack([np.asarray(logits) for logits in screener.predict(paths)])
    finished = load_finished(Path(run))
    model, recipe = load_model(finished), from_json(finished.config["recipe"])
    pixels, ones = np.stack([to_input(read(path)) for path in paths]), np.ones((len(paths), 3), np.float32)
    batches = PackedFilms(pixels, ones, ones[:, 0]).plain(recipe.scored_at, 16, cover=recipe.covered)
    from_keras = np.concatenate([np.asarray(model.predict_on_batch(films)) for films in batches])
    rule = DecisionRule.of(screener.card)
    p_bundle, p_keras = rule.probability(from_bundle), rule.probability(from_keras)
    print(f"{len(paths)} films of {split}")
    print(f"largest difference: logits {np.abs(from_bundle - from_keras).max():.2e}, ", end="")
    print(f"probability {np.abs(p_bundle - p_keras).max():.2e}")
    differing = 0
    for point in rule.operating_points:
        count = int(((p_bundle >= point.threshold) != (p_keras >= point.threshold)).sum())
        print(f"{point.name}: {count} decisions differ")
        differing += count
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
