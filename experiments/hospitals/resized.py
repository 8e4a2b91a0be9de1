"""The network of a bundle, read at another size, as a bundle.

    python -m experiments.hospitals.resized BUNDLE.onnx --size 256 --out RESIZED.onnx

Calibration and thresholds are those of BUNDLE.onnx and do not belong to what is written: a head is fitted to it next.
"""

import argparse
from pathlib import Path

from experiments.command import output
from experiments.hospitals.line import read_card, side, unfinished
from pneumoscope.network.export import write_bundle
from pneumoscope.network.resnet import build


def main() -> None:
    """Write the bundle."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path, metavar="BUNDLE.onnx")
    parser.add_argument("--size", type=side, required=True, help="side at which the network reads radiographs")
    parser.add_argument("--out", type=output, required=True, metavar="RESIZED.onnx")
    options = parser.parse_args()
    card = unfinished(read_card(options.bundle), "resized")
    write_bundle(build(str(options.bundle)), card, options.out, options.size)


if __name__ == "__main__":
    main()
