"""``pneumoscope export``."""

import argparse
import sys
from pathlib import Path

HELP = "Freeze a finished run into one bundle: weights, preprocessing, calibration, operating points, provenance."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("run_folder", metavar="RUN", type=Path, help="folder of a finished training run")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the bundle to write, FILE.onnx")
    parser.add_argument("--name", default="pneumoscope-resnet50", help="of the model (default: %(default)s)")
    parser.add_argument("--model-version", default="0.0.0", help="of the model (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Calibrate, choose the operating points and write the bundle."""
    from pneumoscope.errors import BundleError
    from pneumoscope.network.export import write_bundle
    from pneumoscope.release.freeze import card_of, validated
    from pneumoscope.training.recipe import from_json
    from pneumoscope.training.run import load_finished, load_model

    if not options.out.parent.is_dir():
        raise BundleError(f"{options.out.parent}: no such folder to write the bundle to")
    finished = load_finished(options.run_folder)
    evaluation = validated(finished.films, finished.logits, refit=finished.refit)
    card = card_of(evaluation, finished.config, options.name, options.model_version)
    recipe = from_json(finished.config["recipe"])
    write_bundle(load_model(finished), card, options.out, read_at=recipe.scored_at, cover=recipe.covered)
    for point in evaluation.rule.operating_points:
        sys.stdout.write(f"{point.name:18} probability >= {point.threshold:.4f}   {point.policy}\n")
    sys.stdout.write(f"{options.out}  {options.out.stat().st_size / 1e6:.1f} MB\n")
    return 0
