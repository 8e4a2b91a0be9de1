"""Count what an envelope does with hospitals and with kinds of pictures that were left out of its fit.

    python -m experiments.envelope --work DIR [--bundle FILE]

writes measured.json beside this module; ``python -m experiments.evidence`` fills the tables of README.md from it. Films
and pictures are looked for under PNEUMOSCOPE_DATA. DIR keeps their features, as ``pneumoscope envelope --work`` does:
give the same folder, and the same float bundle.
"""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.envelope.page import MARGINS
from pneumoscope.bundle.card import RELEASED
from pneumoscope.cli.progress import live_progress
from pneumoscope.data.layout import load
from pneumoscope.decision.envelope import Kind, margin
from pneumoscope.files import sha256, write_json
from pneumoscope.network.features import Features
from pneumoscope.progress import Progress
from pneumoscope.release.envelope.build import Table, measure, out_of_fold, work_folder
from pneumoscope.release.envelope.examples import list_home, list_pictures, list_radiographs, make_examples
from pneumoscope.release.envelope.fit import MISTAKEN, balanced_weights, divide, fit_content

HERE = Path(__file__).parent
RECORD = HERE / "measured.json"

CUT_OUT = ("rsna_lungs",)
"""Sources that are no whole films."""

SAME = ("nih", "rsna")
"""Sources that are one hospital."""


def read_table(data: Path, bundle: Path, work: Path, progress: Progress) -> Table:
    """The examples of the released envelope, measured."""
    pictures = list_home(film for film in load(data / "chest_xray") if film.split != "test")
    pictures += list_radiographs(data / "elsewhere" / "manifest.csv", CUT_OUT)
    pictures += list_pictures(data / "not_chest" / "manifest.csv")
    return measure(list(make_examples(pictures)), Features(bundle), work_folder(work, sha256(bundle)), progress)


def hospitals(table: Table, progress: Progress) -> list[dict[str, Any]]:
    """For every other hospital: the share of its upright films that a fit without it refuses, by source and view."""
    folds = divide(table.groups, table.sources, table.elsewhere, SAME)
    scores = out_of_fold(table, folds, progress)
    upright = (table.kinds == 0) & (scores.margin >= MISTAKEN)
    plain = np.array([example.alteration is None for example in table.examples])
    names = np.array([f"{one.picture.source}: {one.picture.name}" for one in table.examples])
    rows = []
    for name in np.unique(names[upright]):
        for altered in (False, True):
            chosen = upright & (names == name) & (plain != altered)
            if chosen.any():
                refused = [int((scores.margin[chosen] < least).sum()) for least in MARGINS]
                rows.append({"name": str(name), "altered": altered, "films": int(chosen.sum()), "refused": refused})
    return rows


def kinds(table: Table, progress: Progress) -> list[dict[str, Any]]:
    """For every kind of picture: how many of it a fit without the whole kind lets through."""
    names = np.array(["" if one.picture.kind is Kind.FRONTAL else one.picture.name for one in table.examples])
    features, every, rows = table.features.astype(np.float32), sorted(set(names) - {""}), []
    for done, name in enumerate(every):
        progress("leaving out kinds", done, len(every))
        out = names == name
        head = fit_content(features[~out], table.kinds[~out], balanced_weights(table.kinds[~out], table.sources[~out]))
        found = margin((features[out] - head.mean) / head.scale @ head.kernel + head.bias)
        passed = [int((found >= least).sum()) for least in MARGINS]
        rows.append({"name": name, "pictures": int(out.sum()), "passed": passed})
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write the record."""
    parser = argparse.ArgumentParser(prog="python -m experiments.envelope", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--work", type=Path, required=True, help="features that were measured; a second run goes on")
    parser.add_argument("--bundle", type=Path, default=RELEASED, metavar="FILE", help="the float bundle")
    options = parser.parse_args(arguments)
    data = Path(os.environ["PNEUMOSCOPE_DATA"])
    with live_progress() as (progress, _):
        table = read_table(data, options.bundle, options.work, progress)
        record = {
            "bundle_sha256": sha256(options.bundle),
            "hospitals": hospitals(table, progress),
            "kinds": kinds(table, progress),
        }
    write_json(RECORD, record)


if __name__ == "__main__":
    main()
