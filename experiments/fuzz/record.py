"""What became of all mutants, counted by kind and by damage."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from experiments.fuzz.worker import MOST_MB, MOST_SECONDS, Row
from lab.markdown import table
from pneumoscope.imaging import Reason

FAR = 0.3
"""A probability that moved by more has another meaning."""

MOST_MOVED = 0.01
"""Largest share of the judged mutants whose probability may have moved so far."""

CODED = {*(str(reason) for reason in Reason), "judged"}


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """The record of a run: everything that the tables show, and whether the rule holds."""
    return {
        "mutants": len(rows),
        "all": _counts(rows),
        "by_kind": _by(rows, lambda row: row.kind),
        "by_damage": _by(rows, lambda row: row.damage),
        "outcomes": dict(Counter(row.outcome for row in rows).most_common()),
        "passed": passed(rows),
    }


def passed(rows: Sequence[Row]) -> bool:
    """No exception but a coded reason, none too dear, and few that were judged as something else."""
    counts = _counts(rows)
    return not counts["faults"] and not counts["too_dear"] and counts["moved"] <= MOST_MOVED * counts["judged"]


def _by(rows: Iterable[Row], key: Callable[[Row], str]) -> dict[str, dict[str, float]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return {name: _counts(group) for name, group in groups.items()}


def _counts(rows: Sequence[Row]) -> dict[str, float]:
    moved = [row.moved for row in rows if row.probability is not None]
    return {
        "mutants": len(rows),
        "judged": len(moved),
        "moved": int(np.sum(np.array(moved) > FAR)),
        "faults": sum(row.outcome not in CODED for row in rows),
        "too_dear": sum(row.seconds > MOST_SECONDS or row.mb > MOST_MB for row in rows),
        "most_seconds": max((row.seconds for row in rows), default=0.0),
        "most_mb": max((row.mb for row in rows), default=0.0),
    }


def tables(record: dict[str, Any]) -> dict[str, str]:
    """Markdown tables by kind of file and by damage, with all of them at the end."""
    return {
        "kinds of file": _table("kind of file", record["by_kind"] | {"all": record["all"]}),
        "damages": _table("damage", record["by_damage"] | {"all": record["all"]}),
    }


def _table(first: str, groups: dict[str, dict[str, float]]) -> str:
    head = (first, "mutants", "refused", "judged", f"moved by over {FAR}", "faults", "most seconds", "most MiB")
    return table(head, (_line(name, row) for name, row in groups.items()))


def _line(name: str, row: dict[str, float]) -> tuple[object, ...]:
    refused = row["mutants"] - row["judged"]
    share = f"{row['moved']} ({row['moved'] / max(row['judged'], 1):.1%})"
    dear = (f"{row['most_seconds']:.2f}", f"{row['most_mb']:.0f}")
    return (name, row["mutants"], refused, row["judged"], share, row["faults"], *dear)
