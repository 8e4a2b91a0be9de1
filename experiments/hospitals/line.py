"""A network on the straight line from a bundle to a finished run, as a bundle (Wortsman et al. 2022).

    python -m experiments.hospitals.line FROM.onnx RUN --share 0.5 --size 192 --out BETWEEN.onnx

Share 0 is FROM and 1 is RUN. Calibration and thresholds are those of FROM and belong to neither; the raw score is what
is compared (arXiv:2109.01903, equation 1).
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from experiments.command import output
from pneumoscope.bundle.card import METADATA_KEY, BundleCard
from pneumoscope.network.export import write_bundle
from pneumoscope.network.resnet import build
from pneumoscope.training.run_folder import load_finished, load_model

CELL = 32
"""Pixels that a cell of a network's maps covers, along a side."""

Arrays = list[NDArray[np.float32]]


def between(first: Arrays, last: Arrays, share: float) -> Arrays:
    """Weights on the way from the first to the last network."""
    return [(1 - share) * one + share * other for one, other in zip(first, last, strict=True)]


def read_card(bundle: Path) -> BundleCard:
    """What a bundle says of itself."""
    stored = {entry.key: entry.value for entry in onnx.load(bundle).metadata_props}
    return BundleCard.from_json(stored[METADATA_KEY])


def unfinished(card: BundleCard, name: str) -> BundleCard:
    """The card of a network that comes from a bundle and has no rule, validation or envelope of its own yet."""
    return replace(card, name=name, version="0.0.0", validation={}, envelope=None)


def side(text: str) -> int:
    """The argument --size: a multiple of the 32 pixels that a cell of the network's maps covers."""
    if not text.isdecimal() or int(text) % CELL or not int(text):
        raise argparse.ArgumentTypeError(f"{text}: must be a multiple of {CELL}")
    return int(text)


def size_read(bundle: Path) -> int:
    """The side at which the network of a bundle reads radiographs, in pixels."""
    [maps] = [each for each in onnx.load(bundle).graph.output if each.name == "cam"]
    return CELL * int(maps.type.tensor_type.shape.dim[1].dim_value)


def main() -> None:
    """Write the bundle."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", type=Path, metavar="FROM.onnx")
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--share", type=float, required=True)
    parser.add_argument("--size", type=side, required=True, help="side at which the network reads radiographs")
    parser.add_argument("--out", type=output, required=True, metavar="BETWEEN.onnx")
    options = parser.parse_args()
    run, card = load_finished(options.run), read_card(options.first)
    first, model = build(str(options.first)), load_model(run)
    model.set_weights(between(first.get_weights(), model.get_weights(), options.share))
    training = run.config.provenance() | {"share": options.share, "started_from": card.training}
    card = replace(unfinished(card, "between"), training=training)
    write_bundle(model, card, options.out, options.size)


if __name__ == "__main__":
    main()
