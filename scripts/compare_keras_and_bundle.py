"""Do Keras and the bundle decide alike? Over every radiograph of a split.

    python scripts/compare_keras_and_bundle.py RUN BUNDLE ../shared/datasets/chest_xray val

Prints the largest difference in logits and in probability, and counts the decisions that differ at each operating
point. Exits with 1 if any does. Needs pneumoscope[train].
"""

import sys
from pathlib import Path

import numpy as np

from pneumoscope.data.layout import load
from pneumoscope.imaging import read, to_input
from pneumoscope.progress import silent
from pneumoscope.screening.screener import Screener
from pneumoscope.training.loop.validation import predict
from pneumoscope.training.radiographs.packing import PackedRadiographs
from pneumoscope.training.run_folder import load_finished, load_model


def main(run: str, bundle: str, source: str, split: str) -> int:
    """Compare; returns the exit code."""
    paths = [labelled.path for labelled in load(Path(source)) if labelled.split == split]
    screener = Screener(Path(bundle))
    from_bundle = np.stack([np.asarray(logits) for logits in screener.predict(paths)])
    finished = load_finished(Path(run))
    pixels, ones = np.stack([to_input(read(path)) for path in paths]), np.ones((len(paths), 3), np.float32)
    packed, size = (
        PackedRadiographs(pixels, ones, ones[:, 0], np.full(len(paths), "")),
        finished.config.recipe.inference_size,
    )
    from_keras = predict(load_model(finished), packed, size, silent)
    rule = screener.card.rule
    p_bundle, p_keras = rule.probability(from_bundle), rule.probability(from_keras)
    print(f"{len(paths)} radiographs of {split}")
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
