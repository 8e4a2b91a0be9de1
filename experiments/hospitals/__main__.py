"""Measure a bundle on the held-out films of all hospitals, by source, view and age.

    python -m experiments.hospitals --bundle FILE --lungs FOLDER --out RECORD.json [--without HOSPITAL ...]

With --without, all films of those hospitals are measured instead, which a network must not have seen.
"""

import argparse
from collections import Counter
from pathlib import Path

import numpy as np

from experiments.command import output, told
from experiments.hospitals.features import campaign_films, path_of
from experiments.hospitals.measure import measure, table, worst_pair
from experiments.hospitals.sources import HOSPITALS, left_out
from lab.held_out import session
from lab.machine import write_record
from pneumoscope.decision.score import pneumonia_score
from pneumoscope.imaging import read, to_input


def main() -> None:
    """Score, write the record, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--lungs", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--out", type=output, required=True, metavar="RECORD.json")
    parser.add_argument("--without", nargs="*", default=[], choices=sorted(set(HOSPITALS.values())))
    options = parser.parse_args()
    out, opened, scores = left_out(options.without), session(options.bundle, 1), []
    films = [
        film
        for film in campaign_films()
        if (film.labelled.source in out if out else film.labelled.split == "val")
    ]
    for done, film in enumerate(films, 1):
        pixels = to_input(read(path_of(film, options.lungs)))
        scores.append(float(pneumonia_score(opened.run(pixels[None])[0])[0]))
        if done % 100 == 0:
            told("films", done, len(films))
    rows = measure(films, np.array(scores))
    counted = Counter(film.source for film in films)
    record = {"bundle": opened.sha256, "without": options.without, "films": dict(counted), "rows": rows}
    write_record(options.out, record if out else record | {"worst_pair": worst_pair(rows)})
    print(table(rows))


if __name__ == "__main__":
    main()
