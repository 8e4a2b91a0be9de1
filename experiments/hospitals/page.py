"""Fill the tables of README.md from the records beside it.

python -m experiments.hospitals.page
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from experiments import campaign
from experiments.hospitals.measure import Row, by_group, cell
from lab.markdown import fill, table
from lab.stress import STRESSES
from pneumoscope.files import write_text

HERE = Path(__file__).parent
PAGE = HERE / "README.md"
NAMES = (
    "releases",
    "released_heads",
    "refits",
    "decision",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "without_nih",
    "ablations",
    "stress",
    "abnormal",
    "aspect",
)
RECORDS = [HERE / f"{name}.json" for name in NAMES]
RELEASES = ("1.5.0", "2.0.0", "2.1.0")
"""Models of the table of held-out films, by their names in its record."""

_SHOWN = (
    *(("home", "all"), ("nih", "all"), ("nih", "PA"), ("nih", "AP"), ("nih", "confirmed"), ("nih", "18 and over")),
    *(("rsna", "PA"), ("rsna", "AP"), ("rsna", "under 13"), ("rsna", "under 18")),
    *(("rsna_lungs", "all"), ("rsna_lungs", "PA"), ("pakistan", "all"), ("hannover", "all"), ("cohen", "all")),
)
_RATES = (("normals", "specificity"), ("pneumonias", "sensitivity"))


def tables(records: Mapping[str, dict[str, Any]]) -> dict[str, str]:
    """The tables by the names of their places, from the records of NAMES."""
    releases = records["releases"]
    return {
        "held out": _held_out([by_group(releases[name]["rows"]) for name in RELEASES]),
        "left out": _left_out(records["released_heads"]),
        "refits": _refits(records["refits"]),
        "answers": _answers(records["decision"]),
        "fifth": _judged(records["fifth"], "worst_pair"),
        "sixth": _judged(records["sixth"], "worst_pair_without_cohen"),
        "seventh": _judged(records["seventh"], "worst_pair"),
        "eighth": _judged(records["eighth"], "worst_pair"),
        "ninth": _judged(records["ninth"], "worst_pair"),
        "aspect": _aspect(records["aspect"]),
        "abnormal": _abnormal(records["abnormal"]),
        "without nih": _left_out(records["without_nih"]),
        "ablations": _ablations(records["ablations"]),
        "stress": _stress(records["stress"], campaign("robustness").content("stress", "release 1.4.0")),
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


def _judged(record: dict[str, Any], worst_pair: str) -> str:
    """What the rule of an amendment looks at, each network at the default that this rule gives it."""
    lines = []
    for one in record["candidates"]:
        specificity = " / ".join(f"{one['specificity'][group]:.2f}" for group in ("PA", "AP", "under 13"))
        elsewhere = f"{one['elsewhere']['hannover']:.1%} / {one['elsewhere']['cohen']:.1%}"
        rated = [f"{one[worst_pair]:.1%}", f"{one['home']:.1%}", elsewhere, f"{one['plain_normal']:.1%}", specificity]
        aucs = [f"{one[name]:.3f}" for name in ("auc_home", "auc_nih", "auc_lungs")]
        lines.append([one["network"], one["head"], *rated, *aucs, "yes" if one["passes"] else "no"])
    head = ("network", "head", worst_pair.replace("_", " "), "sensitivity home", "hannover / cohen", "answered normal")
    aucs = ["AUC home", "nih", "lungs"]
    return table((*head, "specificity rsna PA / AP / under 13", *aucs, "passes"), lines)


def _abnormal(record: dict[str, Any]) -> str:
    """The answers that films get which are abnormal and no pneumonia: of the release, then by how a head is taught."""
    released = record["released"]
    rows = [("the release, on all of them", released["answers"], released["auc"], None)]
    rows += [(f"taught {how}", one["answers"], one["auc_abnormal"], one) for how, one in record["taught"].items()]
    found = list(next(iter(record["taught"].values()))["sensitivity"])
    lines = []
    for name, answers, apart, one in rows:
        films = sum(answers.values())
        shares = [f"{answers[answer] / films:.1%}" for answer in ("normal", "uncertain", "pneumonia")]
        others = [""] * 3
        if one:
            sensitivities = " / ".join(f"{one['sensitivity'][source]:.2f}" for source in found)
            others = [f"{one['auc_nih']:.3f}", f"{one['auc_lungs']:.3f}", sensitivities]
        lines.append([name, films, *shares, cell(apart, 3), *others])
    answered = ("answered normal", "uncertain", "pneumonia", "AUC of pneumonias against them")
    return table(("head", "films", *answered, "AUC nih", "lungs", f"sensitivity {' / '.join(found)}"), lines)


def _aspect(record: dict[str, Any]) -> str:
    """The rates of each way of making films square, the groups in the order of the table of held-out films."""
    ways = {way: by_group(rows) for way, rows in record["ways"].items()}
    lines = []
    for group in (group for group in _SHOWN if all(group in rows for rows in ways.values())):
        for name in ("specificity", "sensitivity", "auc"):
            if all(rows[group][name] for rows in ways.values()):
                values = [rows[group][name]["value"] for rows in ways.values()]
                told = [f"{value:.3f}" if name == "auc" else f"{value:.1%}" for value in values]
                lines.append([" ".join(group), name.replace("auc", "AUC"), *told])
    return table(("group", "measure", *ways), lines)


def _ablations(record: dict[str, Any]) -> str:
    """Held-out films of hospitals that were fitted, and all films of those that were left out."""
    lines = []
    for name, one in record["ways"].items():
        unseen = [f"{value:.3f}" for value in one["unseen"].values()]
        lines.append([name, f"{one['worst_pair']:.1%}", f"{one['auc_nih']:.3f}", *unseen])
    left_out = next(iter(record["ways"].values()))["unseen"]
    return table(("head", "worst pair", "AUC nih", *(f"left out: {name}" for name in left_out)), lines)


def _stress(record: dict[str, Any], before: dict[str, Any]) -> str:
    """Mean over the doses of each stress, at the default thresholds of 1.4.0 and of the release."""
    stresses = {"none": "as they are"} | {stress.name: stress.name for stress in STRESSES}
    lines = []
    for stress, words in stresses.items():
        cells = [words]
        for measured in (before, record):
            own = (measured["bundles"][0]["sha256"], stress)
            rows = [row["default"] for row in measured["rows"] if (row["bundle"], row["stress"]) == own]
            cells += [
                f"{sum(row[rate]['value'] for row in rows) / len(rows):.1%}"
                for rate in ("balanced_accuracy", "recall", "specificity")
            ]
        lines.append(cells)
    versions, rates = ("1.4.0", RELEASES[-1]), ("balanced", "recall", "specificity")
    names = [f"{version} {rate}" for version in versions for rate in rates]
    return table(("stress", *names), lines)


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
    return table(("group", "films", "measure", *RELEASES), lines)


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
    records = {path.stem: msgspec.json.decode(path.read_bytes(), type=dict[str, Any]) for path in RECORDS}
    return fill(PAGE.read_text(encoding="utf-8"), tables(records))


if __name__ == "__main__":
    write_text(PAGE, filled())
