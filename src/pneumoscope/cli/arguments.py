"""Arguments that several commands share. What they offer is spelled out here, so that the help loads no framework."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pneumoscope.escaping import printable_lines

if TYPE_CHECKING:
    from pneumoscope.data.manifest import ManifestForm


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


def add_path_column(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Declare ``--path-column``."""
    parser.add_argument(
        "--path-column", metavar="NAME", help="column of the table that names the films (default: path)"
    )


def add_manifest(parser: argparse.ArgumentParser) -> None:
    """Declare what a manifest may call its columns and its labels."""
    group = parser.add_argument_group("manifest", "CSV or Parquet, one film a row: docs/data.md.")
    add_path_column(group)
    group.add_argument("--label-column", metavar="NAME", help="column that holds the labels (default: label)")
    group.add_argument(
        "--positive", metavar="WORD", help="label that means pneumonia (default: pneumonia, 1, yes, true)"
    )


def manifest_form(options: argparse.Namespace) -> "ManifestForm":
    """What :func:`add_manifest` was told."""
    from pneumoscope.data.manifest import ManifestForm

    asked = {name: getattr(options, name) for name in ("path_column", "label_column", "positive")}
    return ManifestForm(**{name: value for name, value in asked.items() if value is not None})


def say(note: str) -> None:
    """Tell a person what they should know, on standard error."""
    sys.stderr.write(f"pneumoscope: {printable_lines(note)}\n")


def whole_number(least: int) -> Callable[[str], int]:
    """What reads a whole number of at least ``least`` from the command line."""

    def read(text: str) -> int:
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError(f"{text} is less than {least}")
        return number

    read.__name__ = "whole number"  # argparse says "invalid whole number value"
    return read
