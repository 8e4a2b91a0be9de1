"""``pneumoscope evaluate``."""

import argparse
import sys
from pathlib import Path
from typing import Any

from pneumoscope.cli.arguments import add_bundle, add_manifest, add_runtime, manifest_form, say
from pneumoscope.files import json_text, make_folder

HELP = "Judge a bundle on labelled films: every metric with its interval, per subtype, as JSON and as a report."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--data", type=Path, required=True, help="folder with NORMAL/ and PNEUMONIA/, or a manifest")
    parser.add_argument("--split", choices=("train", "val", "test"), help="default: all films of the source")
    add_bundle(parser)
    add_runtime(parser)
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="write report.html, report.json, predictions.csv, the figures, the model card",
    )
    parser.add_argument("--json", action="store_true", help="print the metrics as one JSON object")
    add_manifest(parser)


def run(options: argparse.Namespace) -> int:
    """Score the films and judge the bundle's frozen rule."""
    from pneumoscope.cli.progress import live_progress
    from pneumoscope.data.layout import is_official_test, load
    from pneumoscope.errors import DataError
    from pneumoscope.escaping import printable
    from pneumoscope.evaluation import collect_predictions, evaluate
    from pneumoscope.screening.screener import Screener

    every = load(options.data, form=manifest_form(options), say=say)
    films = [film for film in every if options.split in (None, film.split)]
    if not films:
        there = ", ".join(sorted({film.split for film in every}))
        raise DataError(f"{options.data}: no film of split {options.split!r}; there is {there}")
    if options.out:
        make_folder(options.out)  # say now that it cannot be, and not after an hour
    with Screener(options.bundle, runtime=options.runtime) as screener, live_progress() as (progress, _):
        answers = screener.predict(film.path for film in films)
        predictions = collect_predictions(films, answers, progress)
    official = is_official_test(films)
    title = "Official test (624 films)" if official else f"{options.data.name}, {options.split or 'all films'}"
    evaluation = evaluate(predictions, screener.card.rule, title, reference=official)
    if options.json:
        content = evaluation.to_dict() | {"bundle_sha256": screener.model.sha256}
        del content["predictions"]  # film by film is for the report, which stays with the films' owner
        sys.stdout.write(json_text(content))
    else:
        _show(evaluation)
    if screener.card.trial:
        sys.stderr.write(f"pneumoscope: {screener.card.trial}\n")
    if options.out:  # last, so that a full disk takes no metric
        from pneumoscope.evaluation.report.report import Subject, write

        page = write([evaluation], options.out, Subject(screener.card, screener.model.sha256))
        sys.stderr.write(f"report: {printable(str(page))}\n")
    return 3 if predictions.not_assessed else 0


def _show(evaluation: Any) -> None:
    from rich import box
    from rich.table import Table

    from pneumoscope.decision.operating_point import threshold_text
    from pneumoscope.evaluation.report.wording import WORDING, interval_text, resampling_text, value_text, viral_text
    from pneumoscope.screening.output.table import plain, terminal

    console = terminal()
    for result in evaluation.points:
        (tn, fp), (fn, tp) = result.confusion
        title = f"{evaluation.title}: {result.name}, probability from {threshold_text(result.threshold)}"
        table = Table("metric", "value", "95% interval", title=plain(title), title_justify="left", box=box.SIMPLE_HEAD)
        general = evaluation.ranking | evaluation.viral.metrics
        rows = result.metrics | (general if result is evaluation.main else {})
        for name, estimate in rows.items():
            table.add_row(WORDING[name].label, value_text(name, estimate), interval_text(name, estimate))
        console.print(table)
        console.print(f"  {tp} of {tp + fn} pneumonias found, {fn} missed; {tn} of {tn + fp} normals cleared\n")
    console.print(f"  {viral_text(evaluation.viral)}\n  {resampling_text(evaluation.resampling)}\n")
    for entry in evaluation.predictions.not_assessed:
        console.print(plain(f"not assessed: {entry.labelled.path} ({entry.refusal.reason})"))
