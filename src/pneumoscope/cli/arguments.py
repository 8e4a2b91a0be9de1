"""Arguments that several commands share. What they offer is spelled out here, so that the help loads no framework."""

import argparse
from collections.abc import Callable
from pathlib import Path


def add_runtime(parser: argparse.ArgumentParser) -> None:
    """Declare ``--runtime``."""
    parser.add_argument(
        "--runtime",
        choices=("auto", "onnxruntime", "openvino"),
        default="auto",
        help="what does the arithmetic (default: the fastest that is validated for the bundle on this processor)",
    )


def add_bundle(parser: argparse.ArgumentParser) -> None:
    """Declare ``--bundle``."""
    parser.add_argument("--bundle", type=Path, metavar="FILE", help="another model bundle than the one installed")


def whole_number(least: int) -> Callable[[str], int]:
    """What reads a whole number of at least ``least`` from the command line."""

    def read(text: str) -> int:
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError(f"{text} is less than {least}")
        return number

    read.__name__ = "whole number"  # argparse says "invalid whole number value"
    return read


def share(above: float = 0.0) -> Callable[[str], float]:
    """What reads a share above ``above`` and below 1 from the command line."""

    def read(text: str) -> float:
        value = float(text)
        if not above < value < 1:  # so written that NaN fails
            raise argparse.ArgumentTypeError(f"{text} does not lie between {above:g} and 1")
        return value

    read.__name__ = "share"  # argparse says "invalid share value"
    return read
