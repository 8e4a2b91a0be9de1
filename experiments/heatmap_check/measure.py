"""Measure heatmaps of held-out radiographs: their share inside the lungs, and whether they stay."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lab import held_out
from pneumoscope.compute.pool import WorkerPool
from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.data.layout import fingerprint
from pneumoscope.decision.labels import CLASSES
from pneumoscope.errors import DataError
from pneumoscope.imaging import read, to_input
from pneumoscope.screening.heatmap import contribution_map, intensity
from pneumoscope.screening.heatmap_check import (
    LEAST_AGREEMENT,
    MOVED,
    Heat,
    Outline,
    agreement,
    lung_outline,
    lung_share,
    moved,
)
from pneumoscope.screening.runtime.session import Session

STRAIGHT = ((12, 0), (-12, 0), (0, 12), (0, -12))
"""Moves in pixels, beside the diagonal one that screening makes."""


def sample(source: Path, count: int) -> dict[str, LabelledRadiograph]:
    """Take ``count`` held-out radiographs of each class, evenly over the class, by the SHA-256 of their content.

    Raises:
        DataError: there are fewer.
    """
    unseen = sorted(held_out.radiographs(source).items())
    taken: dict[str, LabelledRadiograph] = {}
    for index, name in enumerate(CLASSES):
        inside = [(key, one) for key, one in unseen if one.classes[index]]
        if len(inside) < count:
            raise DataError(f"{source}: only {len(inside)} held-out radiographs are {name}; ask for fewer by --count")
        taken |= dict(inside[place] for place in np.arange(count) * len(inside) // count)
    return taken


def heats(session: Session, labelled: LabelledRadiograph) -> tuple[list[Heat], Outline]:
    """Heatmaps of a radiograph as it is, moved by MOVED and moved straight; the first alone where it has no heat.

    With them, where the lungs of the radiograph are.
    """
    rule, pixels = session.card.rule, to_input(read(labelled.path))
    threshold = rule.operating_point().threshold
    found: list[Heat] = []
    lungs: list[Outline] = []
    for shift in ((0, 0), MOVED, *STRAIGHT):
        said = session.run(moved(pixels, shift)[None])
        lungs.append(lung_outline(said.lungs))
        found.append(intensity(contribution_map(said.logits[0], said.cam[0], rule.calibration), threshold))
        if not found[0].any():
            break
    return found, lungs[0]


def measure(found: Sequence[Heat], lungs: Outline, name: str) -> dict[str, Any]:
    """One row: the class, the shares of heat and of picture inside the lungs, and the agreement after each move."""
    return {
        "class": name,
        "lung_share": lung_share(found[0], lungs),
        "lung_area": float(lungs.mean()),
        "agreement": agreement(found[0], found[1], MOVED),
        "agreement_straight": [agreement(found[0], h, s) for h, s in zip(found[2:], STRAIGHT, strict=True)],
    }


def strangers(maps: Sequence[Heat]) -> list[float]:
    """The agreement of every heatmap with that of another radiograph, half the list away."""
    return [agreement(first, maps[i - len(maps) // 2], MOVED) for i, first in enumerate(maps)]


def check(session: Session, labelled: dict[str, LabelledRadiograph], workers: int) -> dict[str, Any]:
    """The whole record.

    Args:
        session: of the bundle.
        labelled: what :func:`sample` drew.
        workers: threads.
    """
    maps: list[Heat] = []
    rows = []
    with WorkerPool(workers) as pool:
        every = pool.map(lambda one: heats(session, one), labelled.values())
        for one, (found, lungs) in zip(labelled.values(), every, strict=True):
            if found[0].any():
                maps.append(found[0])
                rows.append(measure(found, lungs, CLASSES[one.classes.index(True)]))
    return {
        "bundle": {"name": session.card.name, "version": session.card.version, "sha256": session.sha256},
        "films": {"sha256": fingerprint(labelled), "of_each_class": len(labelled) // len(CLASSES)},
        "moved": MOVED,
        "moved_straight": STRAIGHT,
        "least_agreement": LEAST_AGREEMENT,
        "agreement_of_strangers": [round(value, 4) for value in strangers(maps)],
        "rows": rows,
    }
