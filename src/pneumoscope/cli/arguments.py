"""Arguments that several commands share. What they offer is spelled out here, so that the help loads no framework."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pneumoscope.escaping import printable_lines

if TYPE_CHECKING:
    from pneumoscope.data.manifest import ManifestForm
    from pneumoscope.release.card import Statement


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


def add_statement(parser: argparse.ArgumentParser) -> None:
    """Declare what whoever trained a model says of it."""
    group = parser.add_argument_group("what the model's card says")
    told = {
        "--name": "of the model (default: pneumoscope-resnet50)",
        "--model-version": "of the model (default: %(default)s)",
        "--population": 'whom the training films show, such as "adults of one hospital in Lyon" (default: not stated)',
        "--licence": "of the model, such as Apache-2.0 (default: not stated)",
    }
    for option, text in told.items():
        group.add_argument(option, type=_one_line, metavar="TEXT", help=text)
    parser.set_defaults(name="pneumoscope-resnet50", model_version="0.0.0")


def _one_line(text: str) -> str:
    if not text or not text.isprintable():
        raise argparse.ArgumentTypeError("one line of text that can be printed is needed")
    return text


def statement(options: argparse.Namespace) -> "Statement":
    """What :func:`add_statement` was told."""
    from pneumoscope.release.card import Statement

    return Statement(options.name, options.model_version, options.population, options.licence)


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
