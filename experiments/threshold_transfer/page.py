"""The record of the transfers as tables and as a figure."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from experiments.robustness.page import mean_text
from experiments.threshold_transfer.measure import WAYS
from experiments.threshold_transfer.policies import BALANCED, RECALL
from experiments.words import shown
from lab.markdown import table
from lab.scores import Values
from pneumoscope.evaluation.report import style


def tables(record: dict[str, Any]) -> str:
    """Markdown: one row a policy, over all transfers, best first."""
    groups = _by_policy(record, "balanced")
    reached = {policy: _column(rows, "balanced_accuracy") for policy, rows in groups.items()}
    ordered = sorted(groups, key=lambda policy: -reached[policy].mean())
    lines = []
    for policy in ordered:
        rows, behind = groups[policy], 100 * (reached[ordered[0]] - reached[policy])
        error = behind.std(ddof=1) / np.sqrt(len(behind))
        recall = _column(rows, "recall")
        cells = [f"{reached[policy].mean():.1%}", f"{reached[policy].min():.1%}", f"{behind.mean():.1f} (±{error:.1f})"]
        cells += [f"{100 * _column(rows, 'drop').mean():+.1f}", f"{recall.mean():.1%}", f"{recall.min():.1%}"]
        lines.append([shown(policy), *cells, f"{_column(rows, 'threshold_sd').mean():.2f}"])
    explained = (
        f"{len(rows)} transfers of {len(record['folds'])} folds; ± is the standard error of the paired difference, as "
        "if the transfers were independent, which those of one fold are not. Spread: of the threshold over resamples."
    )
    by_way = []
    for way in WAYS:
        means = [_column([row for row in groups[p] if row["way"] == way], "balanced_accuracy").mean() for p in ordered]
        by_way.append([way, *(f"{mean:.1%}" for mean in means)])
    recalls = []
    for policy, rows in _by_policy(record, "recall").items():
        recall = _column(rows, "recall")
        reaching, specificity = f"{(recall >= RECALL).sum()} of {len(recall)}", _column(rows, "specificity").mean()
        recalls.append([shown(policy), f"{recall.mean():.1%}", f"{recall.min():.1%}", reaching, f"{specificity:.1%}"])
    by_recall = (f"policy for a recall of {RECALL:.0%}", "recall, mean", "worst", "reached", "specificity, mean")
    parts = (table(BY_POLICY, lines), explained, table(("the same, chosen on", *map(shown, ordered)), by_way))
    return "\n\n".join((*parts, table(by_recall, recalls)))


BY_POLICY = (
    "policy",
    "balanced accuracy, mean",
    "worst",
    "behind the first",
    "drop, mean",
    "recall, mean",
    "worst",
    "spread",
)


def _by_policy(record: dict[str, Any], goal: str) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in record["rows"]:
        if row["goal"] == goal:
            groups.setdefault(row["policy"], []).append(row)
    return groups


def _column(rows: list[dict[str, Any]], key: str) -> Values:
    return np.array([row[key] for row in rows])


def stressed(record: dict[str, Any]) -> str:
    """Markdown, a threshold fitted to radiographs as they are, tried on stressed ones."""
    names = [shown(bundle["name"]) for bundle in record["bundles"]]
    columns = [f"{name}, {point}" for name in names for point in ("fitted", "score 0")]
    stresses = list(dict.fromkeys(row["stress"] for row in record["rows"] if row["dose"] is not None))
    groups = {"as they are": ["none"], **{stress: [stress] for stress in stresses}, "**all stresses**": stresses}
    lines = [[words, *_stress_cells(record, group)] for words, group in groups.items()]
    return table(("mean over the doses", *columns), lines)


def _stress_cells(record: dict[str, Any], stresses: list[str]) -> list[str]:
    cells = []
    for bundle in record["bundles"]:
        rows = [r for r in record["rows"] if r["bundle"] == bundle["sha256"] and r["stress"] in stresses]
        cells += [mean_text([row[point] for row in rows]) for point in ("default", "zero")]
    return cells


def figure(record: dict[str, Any]) -> Figure:
    """Every transfer's regret, one row a policy."""
    policies = list(BALANCED)
    drawn, panels = style.figure(10.6, 4.4, columns=2)
    for axes, key, title in zip(panels, ("drop", "regret"), _TITLES, strict=True):
        style.head(axes, *title)
        style.dress(axes, "points of balanced accuracy")
        for way, place, line in zip(WAYS, (-0.13, 0.13), (style.TRAINING, style.VALIDATION), strict=True):
            rows = [row for row in record["rows"] if row["goal"] == "balanced" and row["way"] == way]
            heights = [policies.index(row["policy"]) + place for row in rows]
            values = [100 * row[key] for row in rows]
            axes.plot(values, heights, line["marker"], color=line["color"], markersize=4.5, alpha=0.7, label=way)
        axes.set_yticks(
            range(len(policies)), [shown(policy) for policy in policies] if key == "drop" else [""] * len(policies)
        )
        axes.invert_yaxis()
        axes.axvline(0, color=style.SOFT, linewidth=0.9)
    style.legend(panels[1], "lower right")
    return drawn


_TITLES = (
    ("Drop", "balanced accuracy where it was chosen, less where applied"),
    ("Regret", "the best threshold there, less this one"),
)
