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
    card = build_card(evaluation, finished.config, options.name, options.model_version)
    write_bundle(load_model(finished), card, options.out, finished.config.recipe.inference_size)
    write_selftest(options.out)
    for point in evaluation.rule.operating_points:
        sys.stdout.write(f"{point.name:18} probability >= {threshold_text(point.threshold)}   {point.policy}\n")
    sys.stdout.write(f"{options.out}  {options.out.stat().st_size / 1e6:.1f} MB\n")
    return 0
