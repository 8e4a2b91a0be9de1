"""Screen the radiographs of other hospitals with a bundle, and count by source, age and view.

    python -m experiments.other_hospitals [--bundle FILE]

writes measured.json beside this module and fills the table of README.md. The radiographs are looked for under
PNEUMOSCOPE_DATA, in ``elsewhere/``; they are read where they lie. Left out are the lungs cut out of their pictures
(``rsna_lungs``), whose outline tells the class, and those whose label their readers contradicted.
"""

import argparse
import csv
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pneumoscope.cli.progress import live_progress
from pneumoscope.decision.labels import Finding
from pneumoscope.files import write_json, write_text
from pneumoscope.screening.screener import Screener

HERE = Path(__file__).parent
RECORD, PAGE = HERE / "measured.json", HERE / "README.md"
BEGIN, END = "<!-- table -->\n", "<!-- end of table -->\n"

CUT_OUT = "rsna_lungs"


@dataclass(frozen=True)
class Row:
    """One radiograph of the manifest, and what the bundle says of it.

    Attributes:
        source: where it comes from.
        positive: labelled pneumonia.
        age: in years; None where unknown.
        view: such as "PA" or "AP"; empty where unknown.
        called: found pneumonia at the default operating point; None where it was not assessed.
        score: raw logit; None where it was not assessed.
    """

    source: str
    positive: bool
    age: float | None
    view: str
    called: bool | None
    score: float | None


GROUPS: tuple[tuple[str, Callable[[Row], bool]], ...] = (
    ("all", lambda row: True),
    ("under 6 years", lambda row: row.age is not None and row.age < 6),
    ("6 to 17 years", lambda row: row.age is not None and 6 <= row.age < 18),
    ("18 years and over", lambda row: row.age is not None and row.age >= 18),
    ("view PA", lambda row: row.view == "PA"),
    ("view AP", lambda row: row.view.startswith("AP")),
)


def read_manifest(elsewhere: Path) -> list[dict[str, str]]:
    """The rows of the manifest that are used."""
    with (elsewhere / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return [
        row
        for row in rows
        if row["source"] != CUT_OUT and row["label"] in ("normal", "pneumonia") and "contradicted" not in row["note"]
    ]


def screen(elsewhere: Path, rows: Sequence[dict[str, str]], screener: Screener) -> list[Row]:
    """Screen every row, with progress."""
    screened = []
    with live_progress() as (progress, _):
        results = screener.screen_many(elsewhere / row["path"] for row in rows)
        for done, (row, result) in enumerate(zip(rows, results, strict=True), 1):
            progress("screening", done, len(rows))
            age = float(row["age"]) if row["age"] else None
            called = None if result.finding is None else result.finding is Finding.PNEUMONIA
            screened.append(Row(row["source"], row["label"] == "pneumonia", age, row["view"], called, result.score))
    return screened


def count(rows: Iterable[Row]) -> dict[str, Any]:
    """Normals and pneumonias, how many of each were called right, and the AUC where both are there."""
    from sklearn.metrics import roc_auc_score

    known = [row for row in rows if row.called is not None]
    normals, positives = ([row for row in known if row.positive is label] for label in (False, True))
    auc = None
    if normals and positives:
        auc = float(roc_auc_score([row.positive for row in known], [row.score for row in known]))
    return {
        "normals": len(normals),
        "false_alarms": sum(bool(row.called) for row in normals),
        "pneumonias": len(positives),
        "missed": sum(not row.called for row in positives),
        "auc": auc,
    }


def measure(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Counts by source and group; a group of a source that holds under 20 radiographs is left out."""
    measured = []
    for source in sorted({row.source for row in rows}):
        own = [row for row in rows if row.source == source]
        for name, belongs in GROUPS:
            counted = count(filter(belongs, own))
            if name == "all" or counted["normals"] + counted["pneumonias"] >= 20:
                measured.append({"source": source, "group": name, **counted})
    return measured


def table(record: dict[str, Any]) -> str:
    """The record as Markdown, the most false alarms first."""
    lines = ["| source | group | normals | false alarms | pneumonias | missed | AUC |", "|" + "---|" * 7]
    worst = sorted(record["rows"], key=lambda row: -row["false_alarms"] / max(row["normals"], 1))
    for row in worst:
        alarms = f"{row['false_alarms']} ({row['false_alarms'] / row['normals']:.0%})" if row["normals"] else ""
        missed = f"{row['missed']} ({row['missed'] / row['pneumonias']:.0%})" if row["pneumonias"] else ""
        auc = "" if row["auc"] is None else f"{row['auc']:.3f}"
        lines.append(
            f"| {row['source']} | {row['group']} | {row['normals'] or ''} | {alarms} | {row['pneumonias'] or ''} | "
            f"{missed} | {auc} |"
        )
    model = f"{record['model']['name']} {record['model']['version']}, {record['model']['sha256'][:12]}"
    return "\n".join(lines) + f"\n\nModel {model}, operating point {record['operating_point']}.\n"


def filled(page: str, record: dict[str, Any]) -> str:
    """The page with its table made anew."""
    head, _, rest = page.partition(BEGIN)
    return head + BEGIN + table(record) + END + rest.partition(END)[2]


def main() -> None:
    """Measure, and write the record and the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, help="another bundle than the one installed")
    options = parser.parse_args()
    elsewhere = Path(os.environ.get("PNEUMOSCOPE_DATA", "../shared/datasets")) / "elsewhere"
    with Screener(options.bundle) as screener:
        rows = screen(elsewhere, read_manifest(elsewhere), screener)
        identity = {"name": screener.model.name, "version": screener.model.version, "sha256": screener.model.sha256}
        default = screener.operating_point()
    record = {
        "model": identity,
        "operating_point": default.name,
        "threshold": default.threshold,
        "not_assessed": sum(row.called is None for row in rows),
        "rows": measure(rows),
    }
    write_json(RECORD, record)
    write_text(PAGE, filled(PAGE.read_text(encoding="utf-8"), record))


if __name__ == "__main__":
    main()
