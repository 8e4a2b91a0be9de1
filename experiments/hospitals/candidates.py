"""Compare bundles by the rule that picks a release: worst pair, home, and the AUC within nih.

    python -m experiments.hospitals.candidates --lungs FOLDER --out RECORD.json NAME=BUNDLE.onnx ...

Each is measured on the held-out films of all hospitals, at the default threshold that ``decision`` would give it.
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
from experiments.hospitals.measure import by_group, home_kept, measure, worst_pair
from experiments.hospitals.scoring import score_bundle
from experiments.hospitals.sources import Film, campaign_films
from lab.machine import write_record
from pneumoscope.compute.cores import usable_cores
from pneumoscope.decision.score import pneumonia_score


def compare(films: Sequence[Film], scores: NDArray[np.float64]) -> dict[str, Any]:
    """What one network is worth, from raw scores (N,) of N held-out films.

    Returns:
        At the default threshold: ``kept`` (whether home is), ``worst_pair``, the raw score ``threshold``, ``rows``, and
        ``answers``.
    """
    rule = fit_rule(films, scores)
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
    options = parser.parse_args()
    bundles = dict(pair.split("=", 1) for pair in options.bundles)
    films = [film for film in campaign_films() if film.labelled.split == "val"]
    with ThreadPoolExecutor(usable_cores()) as pool:
        logits = pool.map(lambda bundle: score_bundle(Path(bundle), films, options.lungs), bundles.values())
        scores = [pneumonia_score(found).astype(np.float64) for found in logits]
    found = {name: compare(films, own) for name, own in zip(bundles, scores, strict=True)}
    write_record(options.out, found)
    for name, one in found.items():
        nih = by_group(one["rows"])["nih", "all"]["auc"]["value"]
        kept = "home kept" if one["kept"] else "home not kept"
        print(f"{name:16} worst pair {one['worst_pair'][0]:.1%} ({', '.join(one['worst_pair'][1:])})  "
              f"AUC within nih {nih:.3f}  {kept}  raw score {one['threshold']:+.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
