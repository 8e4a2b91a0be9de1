"""``pneumoscope info``."""

import argparse
import sys
from typing import Any

from pneumoscope.cli.arguments import add_bundle
from pneumoscope.files import json_text

HELP = "Show the installed model bundle: its card, operating points and evaluation."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help="one JSON object")
    add_bundle(parser)
    parser.add_argument("--schema", action="store_true", help="the JSON Schema of a result, instead")


def run(options: argparse.Namespace) -> int:
    """Show."""
    if options.schema:
        from pneumoscope.screening.record import json_schema

        sys.stdout.write(json_text(json_schema()))
        return 0
    from pneumoscope.screening.describe import describe_bundle

    known = describe_bundle(options.bundle)
    if options.json:
        sys.stdout.write(json_text(known))
    else:
        _show(known)
    return 0


def _show(known: dict[str, Any]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from pneumoscope.bundle.card import QUANTIZED, TRIAL
    from pneumoscope.decision.operating_point import threshold_text
    from pneumoscope.screening.output.table import terminal

    console, card, bundle = terminal(), known["card"], known["bundle"]
    facts = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row("model", f"{card['name']} {card['version']}, {card['created']}, {card['licence']}")
    facts.add_row("file", f"{bundle['path']} ({bundle['bytes'] / 1e6:.1f} MB)")
    facts.add_row("sha256", bundle["sha256"])
    if trial := card["training"].get(TRIAL):
        facts.add_row("warning", Text(trial, style="bold red"))
    facts.add_row("for", card["intended_use"])
    for limit in card["limits"]:
        facts.add_row("limit", limit)
    console.print(facts)

    columns = ("operating point", "pneumonia from", "policy")
    points = Table(*columns, title="Operating points", title_justify="left", box=box.SIMPLE_HEAD)
    for point in card["rule"]["operating_points"]:
        default = " (default)" if point["name"] == card["rule"]["default_operating_point"] else ""
        points.add_row(point["name"] + default, threshold_text(point["threshold"]), point["policy"])
    console.print(points)

    validation = card["validation"]
    if QUANTIZED in card["training"]:
        validation = validation | {"title": f"{validation['title']}, of the float bundle it was made from"}
    for found in (validation, known["evaluation"]):
        if found:
            console.print(_results(found))


def _results(found: dict[str, Any]) -> Any:
    """One row for each operating point: the metrics in percent, and the errors in films."""
    from rich import box
    from rich.table import Table

    auc = found["ranking"]["auc"]["value"]
    title = f"{found['title']}: {found['counts']['films']} films, AUC {auc:.4f}"
    names = ("accuracy", "recall", "specificity", "balanced_accuracy")
    columns = ("operating point", *(name.replace("_", " ") for name in names), "missed", "false alarms")
    table = Table(*columns, title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for point in found["points"]:
        (cleared, alarms), (missed, hits) = point["confusion"]
        values = [f"{point['metrics'][name]['value']:.1%}" for name in names]
        table.add_row(point["name"], *values, f"{missed} of {missed + hits}", f"{alarms} of {alarms + cleared}")
    return table
