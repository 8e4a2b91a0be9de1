"""How many held-out films an int8 bundle decides otherwise than the float bundle that it was made from.

python -m experiments.hospitals.checks.integers FLOAT.onnx INT8.onnx --lungs FOLDER --out RECORD.json
"""

import argparse
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from experiments.command import output
from experiments.hospitals.line import read_card
from experiments.hospitals.scoring import score_bundle
from experiments.hospitals.sources import held_out_films
from lab.machine import write_record


def main() -> None:
    """Score with both, count, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundles", type=Path, nargs=2, metavar="BUNDLE.onnx")
    parser.add_argument("--lungs", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--out", type=output, required=True, metavar="RECORD.json")
    options = parser.parse_args()
    films = held_out_films()
    rule = read_card(options.bundles[0]).rule
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda bundle: rule.probability(score_bundle(bundle, films, options.lungs)), options.bundles)
        exact, rounded = found
    record = {}
    for point in rule.operating_points:
        differ = (exact >= point.threshold) != (rounded >= point.threshold)
        record[point.name] = dict(Counter(film.source for film, own in zip(films, differ, strict=True) if own))
    moved = {"largest": float(np.abs(exact - rounded).max()), "median": float(np.median(np.abs(exact - rounded)))}
    write_record(options.out, {"films": len(films), "decisions_differ": record, "probability_moved": moved})
    print({name: sum(counts.values()) for name, counts in record.items()}, moved)


if __name__ == "__main__":
    main()
