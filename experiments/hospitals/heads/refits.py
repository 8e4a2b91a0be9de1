"""Compare heads that are fitted anew to the features of several networks, by the rule of the fourth amendment.

    python -m experiments.hospitals.heads.refits --out RECORD.json NAME=FEATURES.npz ...

For each network the head is fitted with every ridge of RIDGES, with the films of home as they are and weighing
HOME_MORE times as much. FEATURES.npz is from ``experiments.hospitals.heads.features``.
"""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from experiments.command import output
from experiments.hospitals.candidates import compare
from experiments.hospitals.decision import FOUND
from experiments.hospitals.heads.fit import Fits, Values, read_features, weighed
from experiments.hospitals.measure import LEAST, SPECIFICITY, by_group
from experiments.hospitals.sources import HOME, Film
from lab.machine import write_record

RIDGES = (0.05, 0.2)
HOME_MORE = 4.0
PLAIN_NORMAL = 0.60
ELSEWHERE = {source: share for (source, _), share in FOUND.items() if source != HOME}
"""Least sensitivity of a candidate at its default threshold."""


def judge(found: dict[str, Any]) -> dict[str, Any]:
    """What the rule looks at, from what ``compare`` found.

    Returns:
        ``home`` and ``elsewhere`` (sensitivities at the default), ``plain_normal`` (the lowest share of normals that is
        answered normal, of the groups of the rule), ``passes``, and ``specificity`` of rsna, for people.
    """
    rows = by_group(found["rows"])
    plain = min(
        row["normal"] / row["films"]
        for row in found["answers"]
        if row["label"] == "normal" and row["films"] >= LEAST and (row["source"], row["group"]) in SPECIFICITY
    )
    elsewhere = {source: rows[source, "all"]["sensitivity"]["value"] for source in ELSEWHERE}
    passes = found["kept"] and plain >= PLAIN_NORMAL and all(elsewhere[one] >= ELSEWHERE[one] for one in ELSEWHERE)
    return {
        "home": rows[HOME, "all"]["sensitivity"]["value"],
        "elsewhere": elsewhere,
        "plain_normal": plain,
        "specificity": {group: rows["rsna", group]["specificity"]["value"] for group in ("PA", "AP", "under 13")},
        "auc_nih": rows["nih", "all"]["auc"]["value"],
        "worst_pair": found["worst_pair"][0],
        "threshold": found["threshold"],
        "passes": bool(passes),
    }


def candidates(features: Values, films: Sequence[Film]) -> Iterable[tuple[float, float, dict[str, Any]]]:
    """Weight of home, ridge, and what :func:`judge` says, of every head of one network."""
    for factor in (1.0, HOME_MORE):
        for ridge in RIDGES:
            fits = Fits(features, weighed(films, factor), ridge)
            yield factor, ridge, judge(compare(*fits.held_out(fits.head())))


def main() -> None:
    """Fit, judge, write, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("features", nargs="+", metavar="NAME=FEATURES.npz")
    parser.add_argument("--out", type=output, required=True, metavar="RECORD.json")
    options = parser.parse_args()
    record = []
    for name, path in (pair.split("=", 1) for pair in options.features):
        features, films = read_features(Path(path))
        for factor, ridge, found in candidates(features, films):
            record.append({"network": name, "home_weight": factor, "ridge": ridge} | found)
            print(
                f"{name:16} home x{factor:.0f} ridge {ridge:.2f}  home {found['home']:.3f}  "
                f"plain normal {found['plain_normal']:.3f}  {'passes' if found['passes'] else 'fails'}"
            )
    write_record(options.out, {"candidates": record})


if __name__ == "__main__":
    main()
