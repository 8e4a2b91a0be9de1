"""``pneumoscope info``."""

import argparse
import sys
from typing import Any

from pneumoscope._version import __version__
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


PROVABLE = 149
"""Fewest held-out pneumonias, all found, that prove a recall of 0.98 by its lower 95% bound: 0.98 ** 149 < 0.05."""


def _show(known: dict[str, Any]) -> None:
    from rich import box
    from rich.table import Table

    from pneumoscope.bundle.card import QUANTIZED, TRIAL
    from pneumoscope.decision.operating_point import threshold_text
    from pneumoscope.screening.output.table import plain, terminal

    console, card, bundle = terminal(), known["card"], known["bundle"]
    facts = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    rows = [
        ("package", f"pneumoscope {__version__}: the program. Its version changes with every release."),
        ("model", f"{card['name']} {card['version']}, {card['created']}, {card['licence']}"),
        ("", "The network and its thresholds. Its version changes when findings may change; results name both."),
        ("file", f"{bundle['path']} ({bundle['bytes'] / 1e6:.1f} MB)"),
        ("sha256", bundle["sha256"]),
        *(("warning", said) for said in [card["training"].get(TRIAL)] if said),
        ("for", card["intended_use"]),
        *_ages(card["ages"]),
        *(("limit", limit) for limit in card["limits"]),
    ]
    for name, text in rows:
        facts.add_row(name, plain(text))
    console.print(facts)

    columns = ("operating point", "pneumonia from", "policy")
    points = Table(*columns, title="Operating points", title_justify="left", box=box.SIMPLE_HEAD)
    for point in card["rule"]["operating_points"]:
        default = " (default)" if point["name"] == card["rule"]["default_operating_point"] else ""
        points.add_row(plain(point["name"] + default), threshold_text(point["threshold"]), plain(point["policy"]))
    console.print(points)
    if all(point["name"] != "high-sensitivity" for point in card["rule"]["operating_points"]):
        console.print(plain(_why_not_sensitive(card["validation"])))
    if rule_out := card["rule"]["rule_out"]:
        console.print(
            f"Normal below {threshold_text(rule_out)}; from there to the threshold, uncertain.", highlight=False
        )

    validation = card["validation"]
    if QUANTIZED in card["training"]:
        validation = validation | {"title": f"{validation['title']}, of the float bundle it was made from"}
    for found in (validation, known["evaluation"]):
        if found:
            console.print(_results(found))


def _why_not_sensitive(validation: dict[str, Any]) -> str:
    counts = validation.get("counts", {})
    held = sum(counts.get(kind, 0) for kind in ("bacterial", "viral", "unknown_subtype"))
    had = f" This model was chosen on {held}." if counts else ""
    return (
        "No operating point high-sensitivity: to prove a recall of 0.98 takes at least "
        f"{PROVABLE} held-out pneumonias, more if some are missed.{had}"
    )


def _ages(ages: dict[str, Any] | None) -> list[tuple[str, str]]:
    """For which ages there is evidence."""
    if ages is None:
        return []
    others = {"remark": "get a remark", "refuse": "are refused"}[ages["outside"]]
    return [("ages", f"from {ages['low']:g} to below {ages['high']:g} years; others {others}")]


def _results(found: dict[str, Any]) -> Any:
    """One row for each operating point: the metrics in percent, and the errors in films."""
    from rich import box
    from rich.table import Table

    from pneumoscope.screening.output.table import plain

    auc = found["ranking"]["auc"]["value"]
    title = f"{found['title']}: {found['counts']['films']} films, AUC {auc:.4f}"
    names = ("accuracy", "recall", "specificity", "balanced_accuracy")
    columns = ("operating point", *(name.replace("_", " ") for name in names), "missed", "false alarms")
    table = Table(*columns, title=plain(title), title_justify="left", box=box.SIMPLE_HEAD)
    for point in found["points"]:
        (cleared, alarms), (missed, hits) = point["confusion"]
        values = [f"{point['metrics'][name]['value']:.1%}" for name in names]
        table.add_row(plain(point["name"]), *values, f"{missed} of {missed + hits}", f"{alarms} of {alarms + cleared}")
    return table
