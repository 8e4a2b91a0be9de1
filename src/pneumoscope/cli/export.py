"""``pneumoscope export``."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pneumoscope.cli.arguments import add_statement, statement

if TYPE_CHECKING:
    from pneumoscope.bundle.card import BundleCard

HELP = "Freeze a finished run into one bundle: weights, preprocessing, calibration, operating points, provenance."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("run_folder", metavar="RUN", type=Path, help="folder of a finished training run")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the bundle to write, FILE.onnx")
    add_statement(parser)


def run(options: argparse.Namespace) -> int:
    """Fit the decision rule and write the bundle."""
    from pneumoscope.assurance.selftest import write_selftest
    from pneumoscope.decision.operating_point import threshold_text
    from pneumoscope.errors import DataError
    from pneumoscope.extras import needed
    from pneumoscope.release.card import build_card
    from pneumoscope.release.validation import evaluate_validation
    from pneumoscope.training.run_folder import load_finished, load_model

    with needed("Exporting", "train"):
        from pneumoscope.network.export import write_bundle

    if not options.out.parent.is_dir():
        raise DataError(f"{options.out.parent}: no such folder to write the bundle to")
    finished = load_finished(options.run_folder)
    evaluation = evaluate_validation(finished)
    card = build_card(evaluation, finished.config, statement(options))
    write_bundle(load_model(finished), card, options.out, finished.config.recipe.inference_size)
    write_selftest(options.out)
    for point in evaluation.rule.operating_points:
        sys.stdout.write(f"{point.name:18} probability >= {threshold_text(point.threshold)}   {point.policy}\n")
    for note in _notes(card, options):
        sys.stderr.write(f"pneumoscope: {note}\n")
    sys.stdout.write(f"{options.out}  {options.out.stat().st_size / 1e6:.1f} MB\n")
    return 0


def _notes(card: "BundleCard", options: argparse.Namespace) -> "Iterator[str]":
    """What a person should know of the bundle that was written."""
    from pneumoscope.release.card import NOT_STATED

    if card.trial:
        yield card.trial
    if card.training["data"]["population"] == NOT_STATED:
        yield 'the card does not say whom the films show; say it: --population "adults of one hospital in Lyon"'
    if not options.licence:
        yield "the card states no licence of the model; state one: --licence Apache-2.0"
