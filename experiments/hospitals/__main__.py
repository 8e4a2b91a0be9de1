"""Measure a run or a bundle on the held-out films of all hospitals, by source, view and age.

    python -m experiments.hospitals (--run RUN | --bundle FILE) --lungs FOLDER --out RECORD.json
        [--without HOSPITAL ...]

Of a finished run the scores of its validation films are taken as they are. With --without, a bundle is measured on all
films of those hospitals instead, which its network must not have seen.
"""

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from experiments.command import output
from experiments.hospitals.measure import home_kept, measure, table, worst_pair
from experiments.hospitals.scoring import score_bundle, scores_of_run
from experiments.hospitals.sources import HOSPITALS, campaign_films, left_out
from lab.machine import write_record
from pneumoscope.decision.score import pneumonia_score


def main() -> None:
    """Score, write the record, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--run", type=Path)
    what.add_argument("--bundle", type=Path)
    parser.add_argument("--lungs", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--out", type=output, required=True, metavar="RECORD.json")
    parser.add_argument("--without", nargs="*", default=[], choices=sorted(set(HOSPITALS.values())))
    options = parser.parse_args()
    out = left_out(options.without)
    films = [
        film for film in campaign_films() if (film.labelled.source in out if out else film.labelled.split == "val")
    ]
    score = scores_of_run if options.run else score_bundle
    logits = score(options.run or options.bundle, films, options.lungs)
    rows = measure(films, pneumonia_score(logits).astype(np.float64))
    record: dict[str, Any] = {"films": dict(Counter(film.source for film in films)), "rows": rows}
    if not out:
        record |= {"worst_pair": worst_pair(rows), "home_kept": home_kept(rows)}
    write_record(options.out, record)
    print(table(rows))


if __name__ == "__main__":
    main()
