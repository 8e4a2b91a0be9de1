"""What scores of films are worth, by source, view and age. Nothing is pooled over sources."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.hospitals.sources import HOME, Film
from pneumoscope.evaluation.bootstrap import Estimate, Proportion, Resampling, Statistic, estimates
from pneumoscope.evaluation.metrics import auc

LEAST = 20
"""Fewest films of a group that may choose a network."""

RESAMPLING = Resampling(count=1000)

GROUPS: tuple[tuple[str, Callable[[Film], bool]], ...] = (
    ("all", lambda film: True),
    ("confirmed", lambda film: film.confirmed or not film.labelled.positive),
    ("PA", lambda film: film.view == "PA"),
    ("AP", lambda film: film.view == "AP"),
    ("under 6", lambda film: film.age is not None and film.age < 6),
    ("under 13", lambda film: film.age is not None and film.age < 13),
    ("under 18", lambda film: film.age is not None and film.age < 18),
    ("18 and over", lambda film: film.age is not None and film.age >= 18),
)

SPECIFICITY = (
    (HOME, "all"),
    ("nih", "all"),
    ("rsna", "PA"),
    ("rsna", "AP"),
    ("rsna", "under 18"),
    ("pakistan", "all"),
)
SENSITIVITY = ((HOME, "all"), ("nih", "confirmed"), ("hannover", "all"), ("cohen", "all"))

Row = dict[str, Any]


def measure(films: Sequence[Film], scores: NDArray[np.float64], threshold: float = 0.0) -> list[Row]:
    """Count and rate every group of every source.

    Args:
        films: N of them.
        scores: (N,) raw scores.
        threshold: a raw score above it is called pneumonia.

    Returns:
        A row for each group that holds a film: source, group, normals, pneumonias, and specificity, sensitivity and auc
        as {value, low, high}, None where not defined.
    """
    rows = []
    for source in sorted({film.source for film in films}):
        for name, belongs in GROUPS:
            chosen = [i for i, film in enumerate(films) if film.source == source and belongs(film)]
            if chosen and (name != "confirmed" or source == "nih"):
                own = [films[i].labelled for i in chosen]
                positive = np.array([one.positive for one in own])
                _, patients = np.unique([one.patient for one in own], return_inverse=True)
                rows.append({"source": source, "group": name, **_rates(scores[chosen] - threshold, positive, patients)})
    return rows


def _rates(scores: NDArray[np.float64], positive: NDArray[np.bool_], patients: NDArray[np.int64]) -> Row:
    called = scores > 0
    statistics: dict[str, Statistic] = {
        "specificity": Proportion(~called, ~positive),
        "sensitivity": Proportion(called, positive),
        "auc": auc(scores, positive, ~positive),
    }
    found = estimates(statistics, patients, RESAMPLING)
    told = {name: _told(found[name]) for name in statistics}
    return {"normals": int((~positive).sum()), "pneumonias": int(positive.sum()), **told}


def _told(estimate: Estimate) -> dict[str, float | None] | None:
    if estimate.value is None:
        return None
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def by_group(rows: Iterable[Row]) -> dict[tuple[str, str], Row]:
    """The rows by source and group."""
    return {(row["source"], row["group"]): row for row in rows}


def worst_pair(rows: Iterable[Row]) -> tuple[float, str, str]:
    """The mean of the lowest specificity and the lowest sensitivity by the rule of README.md, and whose they are."""
    found = by_group(rows)

    def lowest(groups: Iterable[tuple[str, str]], rate: str, count: str) -> tuple[float, str]:
        there = [(found[group], group) for group in groups if group in found]
        return min((row[rate]["value"], " ".join(group)) for row, group in there if row[count] >= LEAST)

    specificity, normals = lowest(SPECIFICITY, "specificity", "normals")
    sensitivity, pneumonias = lowest(SENSITIVITY, "sensitivity", "pneumonias")
    return (specificity + sensitivity) / 2, normals, pneumonias


def home_kept(rows: Iterable[Row]) -> bool:
    """Whether the held-out home films meet the rule of README.md (fourth amendment), at the threshold of the rows."""
    home = by_group(rows)[HOME, "all"]
    return bool(home["auc"]["value"] >= 0.995 and home["sensitivity"]["value"] >= 0.959)


def table(rows: Sequence[Row]) -> str:
    """Markdown, the lowest rate first."""
    lines = ["| source | group | normals | specificity | pneumonias | sensitivity | AUC |", "|" + "---|" * 7]
    shown = [row for row in rows if row["normals"] + row["pneumonias"] >= LEAST or row["group"] in ("all", "confirmed")]
    for row in sorted(shown, key=_lowest):
        cells = (row["normals"] or "", cell(row["specificity"]), row["pneumonias"] or "", cell(row["sensitivity"]))
        lines.append("| " + " | ".join(map(str, (row["source"], row["group"], *cells, cell(row["auc"], 3)))) + " |")
    return "\n".join(lines)


def _lowest(row: Row) -> float:
    return min(float(row[rate]["value"]) for rate in ("specificity", "sensitivity") if row[rate])


def cell(estimate: dict[str, float | None] | None, digits: int = 0) -> str:
    """An estimate as a share, or with so many digits, and its interval; empty where there is none."""
    if estimate is None:
        return ""
    numbers = [estimate[name] for name in ("value", "low", "high") if estimate[name] is not None]
    texts = [f"{number:.{digits}f}" if digits else f"{number:.1%}" for number in numbers if number is not None]
    return texts[0] + (f" ({texts[1]} to {texts[2]})" if len(texts) == 3 else "")
