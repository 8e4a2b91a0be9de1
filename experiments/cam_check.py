"""Do heatmaps lie on the lungs, and do they stay when the film is moved? Over held-out films of train.

    python experiments/cam_check.py [--bundle FILE] [--films 100]

Every film of a balanced sample is screened as it is and moved in five ways; the record holds each heatmap's share
inside the lung field and its agreement with itself after each move, and what chance would give of both. The official
test is left alone. ``tables`` and ``figure`` make Markdown and a picture of the record.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import held_out
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pneumoscope.bundle.card import RELEASED
from pneumoscope.compute.cores import usable_cores
from pneumoscope.compute.pool import in_order
from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.data.layout import fingerprint
from pneumoscope.decision.labels import CLASSES
from pneumoscope.decision.rule import DecisionRule
from pneumoscope.errors import DataError, PneumoscopeError
from pneumoscope.evaluation.report import style
from pneumoscope.imaging import read, to_input
from pneumoscope.imaging.lung_field import lung_field
from pneumoscope.screening.heatmap import evidence, heat
from pneumoscope.screening.heatmap_check import LEAST_AGREEMENT, MOVED, Heat, agreement, chance, lung_share, moved
from pneumoscope.screening.runtime.session import Session

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))
import machine  # noqa: E402
from page import table  # noqa: E402

RECORD = ROOT / "experiments" / "records" / "cam_check.json"
STRAIGHT = ((12, 0), (-12, 0), (0, 12), (0, -12))


def sample(source: Path, count: int) -> dict[str, LabelledRadiograph]:
    """Take ``count`` held-out films of each class, evenly over the class, by the sha256 of their content.

    Raises:
        DataError: there are fewer.
    """
    unseen = sorted(held_out.films(source).items())
    taken: dict[str, LabelledRadiograph] = {}
    for index, name in enumerate(CLASSES):
        films = [(key, film) for key, film in unseen if film.classes[index]]
        if len(films) < count:
            raise DataError(f"{source}: only {len(films)} held-out films are {name}; ask for --films {len(films)}")
        taken |= dict(films[place] for place in np.arange(count) * len(films) // count)
    return taken


def heats(session: Session, film: LabelledRadiograph) -> list[Heat]:
    """Heatmaps of a film as it is, moved by MOVED and moved straight; of one without heat the first alone."""
    rule, pixels = DecisionRule.of(session.card), to_input(read(film.path))
    threshold = next(point.threshold for point in rule.operating_points if point.name == rule.default)
    found: list[Heat] = []
    for shift in ((0, 0), MOVED, *STRAIGHT):
        [logits], [cam] = session.run(moved(pixels, shift)[None])
        found.append(heat(evidence(logits, cam, rule.calibration), threshold))
        if not found[0].any():
            break
    return found


def measure(found: Sequence[Heat], name: str) -> dict[str, Any]:
    """One film's row: its class, the share inside the lung field, and its agreement with itself after each move."""
    return {
        "class": name,
        "lung_share": lung_share(found[0]),
        "agreement": agreement(found[0], found[1], MOVED),
        "agreement_straight": [agreement(found[0], h, s) for h, s in zip(found[2:], STRAIGHT, strict=True)],
    }


def strangers(maps: Sequence[Heat]) -> list[float]:
    """The agreement of every film's heatmap with that of another film, half the list away."""
    return [agreement(first, maps[i - len(maps) // 2], MOVED) for i, first in enumerate(maps)]


def best_share(places: int) -> float:
    """The share inside the lung field of the map, ``places`` a side, that holds how much lung lies at each place."""
    lungs = lung_field(32 * places).reshape(places, 32, places, 32).mean(axis=(1, 3))
    return lung_share(np.asarray(lungs, dtype=np.float32))


def main(bundle: Path, data: Path, count: int, path: Path) -> None:
    """Measure and write the record."""
    films = sample(data, count)
    session = held_out.session(bundle, usable_cores())
    maps: list[Heat] = []
    rows = []
    for film, found in zip(
        films.values(), in_order(lambda f: heats(session, f), films.values(), usable_cores()), strict=True
    ):
        if found[0].any():
            maps.append(found[0])
            rows.append(measure(found, CLASSES[film.classes.index(True)]))
    record = {
        "commit": machine.commit(),
        "bundle": {"name": session.card.name, "version": session.card.version, "sha256": session.sha256},
        "films": {"sha256": fingerprint(films), "of_each_class": count},
        "moved": MOVED,
        "moved_straight": STRAIGHT,
        "chance_share": chance(),
        "places": len(maps[0]),
        "best_share": best_share(len(maps[0])),
        "least_agreement": LEAST_AGREEMENT,
        "agreement_of_strangers": [round(value, 4) for value in strangers(maps)],
        "rows": rows,
    }
    path.parent.mkdir(exist_ok=True)
    machine.record("cam_check", record, path)


def tables(record: dict[str, Any]) -> str:
    """Markdown: what the checks found, class by class, and how one move compares with four."""
    lines = []
    for name in (*CLASSES, "all"):
        rows = [row for row in record["rows"] if name in (row["class"], "all")]
        if rows:
            lines.append(_line(name, rows, record))
    one, four = _unstable(record)
    stranger = np.percentile(record["agreement_of_strangers"], [50, 90])
    count = record["films"]["of_each_class"]
    return table(COLUMNS, lines) + (
        f"\n\n{count} held-out films of each class; films found normal have no heatmap. Bundle "
        f"`{record['bundle']['sha256'][:12]}`. A heatmap that is the same everywhere has {record['chance_share']:.1%} "
        f"of its heat in the lung field, and the one of {record['places']}x{record['places']} places that follows the "
        f"field most closely "
        f"{record['best_share']:.0%}. Heatmaps of two different films agree by {stranger[0]:.2f} (median), one in ten "
        f"pairs by {stranger[1]:.2f} or more; the least that is shown is {record['least_agreement']}. The one diagonal "
        f"move finds {one.sum()} of {len(one)} unstable, the mean of four straight ones {four.sum()}, of which the "
        f"diagonal one finds {(one & four).sum()}.\n"
    )


COLUMNS = (
    "class",
    "heatmaps",
    "share in the lungs: median (5% to 95%)",
    "agreement when moved: median (5% to 95%)",
    "hidden: lungs",
    "hidden: unstable",
    "shown",
)


def _line(name: str, rows: list[dict[str, Any]], record: dict[str, Any]) -> list[str]:
    share, again = (np.array([row[key] for row in rows]) for key in ("lung_share", "agreement"))
    off, unstable = share < record["chance_share"], again < record["least_agreement"]
    cells = [name, str(len(rows)), _spread(share, 100, "%"), _spread(again, 1, "")]
    counts = (off.sum(), (unstable & ~off).sum(), (~off & ~unstable).sum())
    return cells + [f"{number} ({number / len(rows):.0%})" for number in counts]


def _spread(values: NDArray[np.float64], scale: float, unit: str) -> str:
    digits = 0 if unit else 2
    low, middle, high = (f"{scale * value:.{digits}f}{unit}" for value in np.percentile(values, [5, 50, 95]))
    return f"{middle} ({low} to {high})"


def _unstable(record: dict[str, Any]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which films the one diagonal move finds unstable, and which the mean of the four straight ones."""
    one = np.array([row["agreement"] for row in record["rows"]])
    four = np.array([np.mean(row["agreement_straight"]) for row in record["rows"]])
    return one < record["least_agreement"], four < record["least_agreement"]


def figure(record: dict[str, Any]) -> Figure:
    """Two histograms: shares inside the lungs, and agreement with the moved film beside that of different films."""
    drawn, (left, right) = style.figure(10.5, 4.2, 2)
    share, again = (np.array([row[key] for row in record["rows"]]) for key in ("lung_share", "agreement"))
    style.head(left, "Where the heat lies", f"{len(share)} held-out films found pneumonia")
    style.dress(left, "Share of the heat inside the lung field", "Films")
    left.hist(share, np.arange(0, 0.81, 0.02).tolist(), **style.BARS)
    left.axvline(record["chance_share"], color=style.INK, linestyle="--", label="chance; below it hidden")
    best = f"best that {record['places']}x{record['places']} places can"
    left.axvline(record["best_share"], color=style.SOFT, linestyle=":", label=best)
    style.legend(left, "upper right")
    style.head(right, "Does it stay?", f"The film moved by {record['moved'][0]} pixels down and to the right")
    style.dress(right, "Correlation of the two heatmaps", "Films")
    edges = np.arange(-1, 1.01, 0.05).tolist()
    right.hist(again, edges, **style.BARS, label="with itself, moved")
    right.hist(
        record["agreement_of_strangers"], edges, histtype="step", color=style.CLASS_COLOURS["bacterial"],
        linewidth=1.5, label="with another film's",
    )  # fmt: skip
    right.axvline(record["least_agreement"], color=style.INK, linestyle="--", label="below it hidden")
    style.legend(right, "upper left")
    return drawn


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bundle", type=Path, default=RELEASED)
    parser.add_argument("--data", type=Path, default=machine.DATA / "chest_xray")
    parser.add_argument("--films", type=int, default=100, help="of each class (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=RECORD)
    options = parser.parse_args()
    try:
        main(options.bundle, options.data, options.films, options.out)
    except PneumoscopeError as problem:
        sys.exit(str(problem))
