"""Compare bundles by the rule that picks a release: worst pair, home, and the AUC within nih.

    python -m experiments.hospitals.candidates --lungs FOLDER --out RECORD.json [--own] NAME=BUNDLE.onnx ...

Each is measured on the held-out films of all hospitals, at the default threshold that ``decision`` would give it, or,
with --own, at its own.
"""

import argparse
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.command import output
from experiments.hospitals.decision import answers, default_score, fit_rule
from experiments.hospitals.line import read_card
from experiments.hospitals.measure import by_group, home_kept, measure, worst_pair
from experiments.hospitals.scoring import score_bundle
from experiments.hospitals.sources import Film, held_out_films
from lab.machine import write_record
from pneumoscope.compute.cores import usable_cores
from pneumoscope.decision.rule import DecisionRule
from pneumoscope.decision.score import pneumonia_score


def compare(films: Sequence[Film], scores: NDArray[np.float64], rule: DecisionRule | None = None) -> dict[str, Any]:
    """What one network is worth, from raw scores (N,) of N held-out films.

    Args:
        films: N of them.
        scores: (N,).
        rule: its own; None for the one that is fitted to these scores.

    Returns:
        At the default threshold: ``kept`` (whether home is), ``worst_pair``, the raw score ``threshold``, ``rows``, and
        ``answers``.
    """
    rule = rule or fit_rule(films, scores)
    threshold = default_score(rule)
    rows = measure(films, scores, threshold)
    return {
        "kept": home_kept(rows),
        "worst_pair": worst_pair(rows),
        "threshold": threshold,
        "rows": rows,
        "answers": answers(films, scores, rule),
    }


def main() -> None:
    """Score, compare, write, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundles", nargs="+", metavar="NAME=BUNDLE.onnx")
    parser.add_argument("--lungs", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--out", type=output, required=True, metavar="RECORD.json")
    parser.add_argument("--own", action="store_true", help="each at its own default threshold")
    options = parser.parse_args()
    bundles = dict(pair.split("=", 1) for pair in options.bundles)
    films = held_out_films()
    with ThreadPoolExecutor(usable_cores()) as pool:
        logits = pool.map(lambda bundle: score_bundle(Path(bundle), films, options.lungs), bundles.values())
        scores = [pneumonia_score(found).astype(np.float64) for found in logits]
    rules = [read_card(Path(bundle)).rule if options.own else None for bundle in bundles.values()]
    found = {name: compare(films, own, rule) for name, own, rule in zip(bundles, scores, rules, strict=True)}
    write_record(options.out, found)
    for name, one in found.items():
        nih = by_group(one["rows"])["nih", "all"]["auc"]["value"]
        kept = "home kept" if one["kept"] else "home not kept"
        print(f"{name:16} worst pair {one['worst_pair'][0]:.1%} ({', '.join(one['worst_pair'][1:])})  "
              f"AUC within nih {nih:.3f}  {kept}  raw score {one['threshold']:+.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
