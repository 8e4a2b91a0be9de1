"""``pneumoscope report``."""

import argparse
import sys
from pathlib import Path

HELP = "Write the report of a finished run: training history, validation, and an evaluation made with its bundle."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("run_folder", metavar="RUN", type=Path, help="folder of a finished training run")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write (default: RUN/report)")
    parser.add_argument(
        "--with", dest="evaluated", type=Path, metavar="FILE", help="add an evaluation: what `evaluate --json` printed"
    )


def run(options: argparse.Namespace) -> int:
    """Draw the figures and write the page, its JSON twin and the model card."""
    import json

    from pneumoscope.errors import DataError
    from pneumoscope.evaluation.evaluation import Evaluation
    from pneumoscope.evaluation.freeze import card_of, validated
    from pneumoscope.evaluation.report import Subject, write
    from pneumoscope.training.run import load_finished

    finished = load_finished(options.run_folder)
    validation = validated(finished.films, finished.logits)
    evaluations, digest = [validation], None
    card = card_of(validation, finished.config, "pneumoscope-resnet50", "not exported")
    if options.evaluated:
        try:
            content = json.loads(options.evaluated.read_text())
            evaluations.append(Evaluation.from_json(content))
            digest = content["bundle_sha256"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{options.evaluated}: not an evaluation as `pneumoscope evaluate --json` prints it"
            ) from error
    page = write(evaluations, options.out or options.run_folder / "report", Subject(card, digest), finished.history)
    sys.stdout.write(f"{page}\n")
    return 0
