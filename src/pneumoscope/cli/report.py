"""``pneumoscope report``."""

import argparse
import sys
from pathlib import Path
from typing import Any

from pneumoscope.cli.arguments import add_statement, statement

HELP = "Write the report of a finished run: training history, validation, and an evaluation made with its bundle."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("run_folder", metavar="RUN", type=Path, help="folder of a finished training run")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write (default: RUN/report)")
    parser.add_argument(
        "--with", dest="evaluated", type=Path, metavar="FILE", help="add the report.json that `evaluate --out` wrote"
    )
    add_statement(parser)
    parser.set_defaults(model_version="not exported")


def run(options: argparse.Namespace) -> int:
    """Draw the figures and write the page, its JSON twin and the model card."""
    import json

    from pneumoscope.bundle.card import BundleCard
    from pneumoscope.errors import DataError
    from pneumoscope.evaluation.report.report import Subject, read, write
    from pneumoscope.release.card import build_card
    from pneumoscope.release.validation import evaluate_validation
    from pneumoscope.training.run_folder import load_finished

    finished = load_finished(options.run_folder)
    evaluations = [evaluate_validation(finished)]
    subject = Subject(build_card(evaluations[0], finished.config, statement(options)))
    if options.evaluated:
        try:
            evaluations += read(options.evaluated)
            content = json.loads(options.evaluated.read_text(encoding="utf-8"))
            subject = Subject(BundleCard.from_json(json.dumps(content["model"])), content["bundle_sha256"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{options.evaluated}: not a report.json that `pneumoscope evaluate --out` wrote"
            ) from error
    history = [row | {"phase": _name_phase(row)} for row in finished.history]
    page = write(evaluations, options.out or options.run_folder / "report", subject, history)
    sys.stdout.write(f"{page}\n")
    return 0


def _name_phase(row: dict[str, Any]) -> str:
    """What the figure calls the phase of a history row: the members of an average are drawn apart."""
    return f"member {row['member']}" if row["member"] else str(row["phase"])
