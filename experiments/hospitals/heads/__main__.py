"""Fit heads to the features of a network: on all hospitals, and without each of them.

    python -m experiments.hospitals.heads FEATURES.npz --network FILE.onnx --out RECORD.json [--ridge R]
        [--home W] [--toward-own] [--bundle BUNDLE.onnx] [--without HOSPITAL]

FEATURES.npz is from ``experiments.hospitals.heads.features``, of the bundle --network. The record holds what
``experiments.hospitals.candidates`` says of held-out films, for the head of that bundle and for the head of all
hospitals. For the head without each hospital it holds the rows of ``experiments.hospitals.measure`` on all films of
that hospital, at the threshold that the other hospitals give; not with --toward-own, whose own head has seen all of
them. BUNDLE.onnx is the network with the head of all hospitals, or of all but one.
"""

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from experiments.command import output
from experiments.hospitals.candidates import compare
from experiments.hospitals.heads.fit import OUTSIDE, RIDGE, Fits, fit, head_of, read_features, weighed, write_head
from lab.machine import write_record


def main() -> None:
    """Fit, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("features", type=Path)
    parser.add_argument("--network", type=Path, required=True, metavar="FILE.onnx")
    parser.add_argument("--out", type=output, required=True, metavar="RECORD.json")
    parser.add_argument("--ridge", type=float, default=RIDGE)
    parser.add_argument("--home", type=float, default=1.0, metavar="W", help="how much more the films of home weigh")
    parser.add_argument("--toward-own", action="store_true", help="penalise the distance from the head of --network")
    parser.add_argument("--bundle", type=output, metavar="BUNDLE.onnx")
    parser.add_argument("--without", choices=OUTSIDE, help="which hospital the head of BUNDLE.onnx does not see")
    options = parser.parse_args()
    if options.toward_own and options.without:
        parser.error("--toward-own: that head has seen the hospital that --without leaves out")
    features, films = read_features(options.features)
    own = head_of(options.network)
    way = partial(fit, toward=own) if options.toward_own else fit
    fits = Fits(features, weighed(films, options.home), options.ridge, way)
    whole = fits.head()
    record: dict[str, Any] = {
        "network": compare(*fits.held_out(own)),
        "all": compare(*fits.held_out(whole)),
    }
    for hospital in () if options.toward_own else OUTSIDE:  # the own head has seen them all
        record[f"without {hospital}"] = fits.unseen(hospital)
    write_record(options.out, record)
    if options.bundle:
        chosen = fits.trained(options.without)
        fitted = {"ridge": options.ridge, "weight_of_home": options.home, "toward_own": options.toward_own}
        head = fits.head(options.without) if options.without else whole
        write_head(head, fitted, fits.films_of(chosen), options.network, options.bundle)


if __name__ == "__main__":
    main()
