"""Fill the tables of README.md from the records beside it.

python -m experiments.hospitals.page
"""

from pathlib import Path
from typing import Any

import msgspec

from experiments.hospitals.measure import Row, by_group, cell
from lab.markdown import fill, table
from pneumoscope.files import write_text

HERE = Path(__file__).parent
PAGE = HERE / "README.md"
RECORDS = [HERE / name for name in ("heads.json", "candidates.json", "heads3.json", "refits.json", "decision.json")]

_SHOWN = (
    *(("home", "all"), ("nih", "all"), ("nih", "PA"), ("nih", "AP"), ("nih", "confirmed"), ("nih", "18 and over")),
    *(("rsna", "PA"), ("rsna", "AP"), ("rsna", "under 13"), ("rsna", "under 18")),
    *(("rsna_lungs", "all"), ("rsna_lungs", "PA"), ("pakistan", "all"), ("hannover", "all"), ("cohen", "all")),
)
_RATES = (("normals", "specificity"), ("pneumonias", "sensitivity"))


def tables(*records: dict[str, Any]) -> dict[str, str]:
    """The tables by the names of their places, from the contents of RECORDS."""
    first, second, third, refits, decision = records
    networks = (first["released"], second["head"]["rows"], decision["rows"])
    return {
        "held out": _held_out([by_group(rows) for rows in networks]),
        "left out": _left_out(third),
        "refits": _refits(refits),
        "answers": _answers(decision),
    }


def _refits(record: dict[str, Any]) -> str:
    """What the rule of the fourth amendment looks at."""
    lines = []
    for one in record["candidates"]:
        specificity = " / ".join(f"{one['specificity'][group]:.2f}" for group in ("PA", "AP", "under 13"))
        elsewhere = f"{one['elsewhere']['hannover']:.1%} / {one['elsewhere']['cohen']:.1%}"
        fitted = [one["network"], f"{one['home_weight']:.0f}", f"{one['ridge']:.2f}"]
        rated = [f"{one['home']:.1%}", elsewhere, f"{one['plain_normal']:.1%}", specificity, f"{one['auc_nih']:.3f}"]
        lines.append([*fitted, *rated, "yes" if one["passes"] else "no"])
    head = ("network", "weight of home", "ridge", "sensitivity home", "hannover / cohen")
    return table((*head, "answered normal", "specificity rsna PA / AP / under 13", "AUC nih", "passes"), lines)


def _answers(decision: dict[str, Any]) -> str:
    """How often each of the three answers is given, the worst first: normals called, pneumonias answered normal."""
    shown = [row for row in decision["answers"] if (row["source"], row["group"]) in _SHOWN]
    bad = {"normal": "pneumonia", "pneumonia": "normal"}
    lines = []
    for row in sorted(shown, key=lambda row: (row["label"], -row[bad[row["label"]]] / row["films"])):
        shares = [f"{row[answer] / row['films']:.1%}" for answer in ("normal", "uncertain", "pneumonia")]
        lines.append([f"{row['source']} {row['group']}", f"{row['films']} {row['label']}s", *shares])
    return table(("group", "films", "answered normal", "uncertain", "pneumonia"), lines)


def _held_out(heads: list[dict[tuple[str, str], Row]]) -> str:
    lines = []
    for group in _SHOWN:
        one = heads[-1][group]
        for count, rate in _RATES:
            if one[count]:
                values = [cell(head[group][rate]) for head in heads]
                lines.append([" ".join(group), f"{one[count]} {count}", rate, *values])
        if one["auc"]:
            lines.append([" ".join(group), "both", "AUC", *(cell(head[group]["auc"], 3) for head in heads)])
    return table(("group", "films", "measure", "1.4.0", "1.7.0", "2.0.0"), lines)


def _left_out(record: dict[str, Any]) -> str:
    lines = []
    for name in record:
        if name.startswith("without "):
            rows = by_group(record[name])
            for group in (group for group in _SHOWN if group in rows):
                row = rows[group]
                rates = [cell(row["specificity"]), row["pneumonias"], cell(row["sensitivity"]), cell(row["auc"], 3)]
                lines.append([name.removeprefix("without "), " ".join(group), row["normals"], *rates])
    return table(("left out", "group", "normals", "specificity", "pneumonias", "sensitivity", "AUC"), lines)


def filled() -> str:
    """The page with its tables made anew."""
    records = (msgspec.json.decode(path.read_bytes(), type=dict[str, Any]) for path in RECORDS)
    return fill(PAGE.read_text(encoding="utf-8"), tables(*records))


if __name__ == "__main__":
    write_text(PAGE, filled())
