"""From a float bundle and pictures to a bundle with an envelope."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pneumoscope.bundle.card import BundleCard
from pneumoscope.compute.cores import usable_cores
from pneumoscope.decision.envelope import KINDS, Envelope, Kind
from pneumoscope.files import make_folder, replacing
from pneumoscope.imaging import INPUT_SIZE, NotAssessedError, Radiograph, read, to_input
from pneumoscope.imaging.preprocess import REVISION, to_8_bit
from pneumoscope.network.envelope import Head, LungHead
from pneumoscope.network.features import Features
from pneumoscope.progress import Progress
from pneumoscope.release.envelope.examples import HOME, Example
from pneumoscope.release.envelope.fit import FOLDS, MISTAKEN, Scores, choose_limits, divide, fit_head, score
from pneumoscope.release.envelope.lungs import MaskedRadiograph, fit_lungs
from pneumoscope.release.worst_source import HIGH_SENSITIVITY

PART = 500
"""Examples whose features are kept in one file, so that an interrupted run loses no more."""


@dataclass(frozen=True)
class Table:
    """Examples and their features.

    Attributes:
        examples: those that could be read.
        features: float16 (N, F).
    """

    examples: list[Example]
    features: NDArray[np.float16]

    @property
    def kinds(self) -> NDArray[np.intp]:
        """(N,) indices into KINDS."""
        return np.array([KINDS.index(example.kind) for example in self.examples])

    @property
    def sources(self) -> NDArray[np.str_]:
        """(N,) where the pictures come from."""
        return np.array([example.picture.source for example in self.examples])

    @property
    def elsewhere(self) -> NDArray[np.bool_]:
        """(N,) which are made from radiographs of other hospitals."""
        pictures = [example.picture for example in self.examples]
        return np.array([one.kind is Kind.FRONTAL and one.source != HOME for one in pictures])

    @property
    def groups(self) -> NDArray[np.str_]:
        """(N,) what is never divided."""
        return np.array([example.picture.group for example in self.examples])


def work_folder(work: Path, bundle_sha256: str) -> Path:
    """Make the folder of the parts of one network, as it reads films now, in a folder for all of them."""
    folder = work / f"{bundle_sha256[:12]}-{REVISION}"
    make_folder(folder)
    return folder


def measure(examples: Sequence[Example], network: Features, work: Path, progress: Progress) -> Table:
    """Take the features of examples, PART by PART; what an earlier run left in ``work`` is taken up.

    Args:
        examples: to be measured; a picture that cannot be assessed is left out.
        network: gives the features.
        work: a folder for the parts, for these examples and this network alone.
        progress: called after every part.
    """

    def take(example: Example) -> NDArray[np.float16] | None:
        pixels = input_of(example)
        return None if pixels is None else network.pooled(pixels).astype(np.float16)

    kept: list[Example] = []
    parts: list[NDArray[np.float16]] = []
    with ThreadPoolExecutor(usable_cores()) as pool:
        for begin in range(0, len(examples), PART):
            some, path = examples[begin : begin + PART], work / f"part-{begin:06}.npz"
            if not path.exists():
                found = list(pool.map(take, some))
                with replacing(path) as stream:
                    np.savez(
                        stream,
                        read=np.array([row is not None for row in found]),
                        features=np.array([row for row in found if row is not None]),
                    )
            with np.load(path, allow_pickle=False) as stored:
                kept += [example for example, is_read in zip(some, stored["read"], strict=True) if is_read]
                parts.append(stored["features"])
            progress("measuring pictures", begin + len(some), len(examples))
    return Table(kept, np.concatenate([part for part in parts if len(part)]))


def input_of(example: Example, size: int = INPUT_SIZE) -> NDArray[np.uint8] | None:
    """The network's input, uint8 (size, size); None where the picture cannot be read.

    Pictures that are no radiographs are taken as they are, though other checks would refuse some of them: a larger or
    brighter picture of the same kind must be refused too.
    """
    try:
        if example.picture.kind is Kind.FRONTAL:
            pixels = to_8_bit(read(example.picture.path).pixels)
        else:
            with Image.open(example.picture.path) as image:
                pixels = np.asarray(image.convert("L"))
    except (NotAssessedError, OSError):
        return None
    return to_input(Radiograph(example.alter(pixels), "", "array"), size)


@dataclass(frozen=True)
class Fitted:
    """A head with its limits, and what it did out of fold.

    Attributes:
        head: fitted to all examples.
        envelope: its limits.
        mistaken: frontal radiographs that turned out to be turned or inverted where they were published.
        refused: by source and view, how many upright radiographs out of fold are refused, and of how many.
        passed: by the name of a kind, how many other pictures out of fold are let through, and of how many.
    """

    head: Head
    envelope: Envelope
    mistaken: list[Path]
    refused: dict[str, tuple[int, int]]
    passed: dict[str, tuple[int, int]]


def fit_envelope(
    table: Table, masked: Sequence[MaskedRadiograph], same: Sequence[str], network: Features, progress: Progress
) -> Fitted:
    """Fit a head to examples, and set its limits on what it gives out of fold.

    Args:
        table: the examples.
        masked: radiographs with masks of their lungs.
        same: sources of radiographs that are one hospital.
        network: the features' network.
        progress: called again and again.

    Raises:
        DataError: no source of upright radiographs is large enough to set the limits on.
    """
    features, kinds, sources = table.features.astype(np.float32), table.kinds, table.sources
    scores = out_of_fold(table, divide(table.groups, sources, table.elsewhere, same), progress)
    mistaken = (kinds == 0) & (scores.margin < MISTAKEN)
    kept = ~mistaken
    plain = np.array([example.alteration is None for example in table.examples])
    upright = (kinds == 0) & plain & kept
    head = fit_head(features[kept], kinds[kept], sources[kept])
    progress("measuring lungs", 0, len(masked))
    lungs, least = _fit_lungs(masked, network, progress)
    head = replace(head, lungs=lungs)
    envelope = choose_limits(scores.only(upright), sources[upright], least)
    taken = np.array(
        [envelope.kind(*pair) is Kind.FRONTAL for pair in zip(scores.content, scores.novelty, strict=True)]
    )
    names = np.array([f"{one.picture.source}: {one.picture.name}" for one in table.examples])
    others = np.array([one.kind if one.picture.kind is Kind.FRONTAL else one.picture.name for one in table.examples])
    return Fitted(
        head,
        envelope,
        sorted({table.examples[index].picture.path for index in np.flatnonzero(mistaken)}),
        _count(names[upright], ~taken[upright]),
        _count(others[kinds != 0], taken[kinds != 0]),
    )


def build_card(card: BundleCard, envelope: Envelope, version: str) -> BundleCard:
    """The card of a bundle that gets an envelope.

    A rule without a rule-out threshold gets that of the operating point "high-sensitivity", if it has one: bundles of
    older schemas prove it and do not say so.
    """
    proven = (point.threshold for point in card.rule.operating_points if point.name == HIGH_SENSITIVITY)
    rule = replace(card.rule, rule_out=card.rule.rule_out or next(proven, None))
    return replace(card, rule=rule, envelope=envelope, version=version)


def out_of_fold(table: Table, folds: NDArray[np.intp], progress: Progress) -> Scores:
    """Score every example by a head that was fitted to the other folds.

    Args:
        table: the examples.
        folds: (N,), as :func:`~pneumoscope.release.envelope.fit.divide` gives them.
        progress: called for every fold.
    """
    features, kinds, sources = table.features.astype(np.float32), table.kinds, table.sources
    content, novelty = np.zeros((len(kinds), len(KINDS)), np.float32), np.zeros(len(kinds), np.float32)
    for fold in range(FOLDS):
        progress("fitting without one part", fold, FOLDS)
        out = folds == fold
        head = fit_head(features[~out], kinds[~out], sources[~out])
        found = score(head, features[out])
        content[out], novelty[out] = found.content, found.novelty
    return Scores(content, novelty)


def _fit_lungs(masked: Sequence[MaskedRadiograph], network: Features, progress: Progress) -> tuple[LungHead, float]:
    """Fit the lung map; give with it half the smallest share of lung that any of the radiographs has."""

    def measured(one: MaskedRadiograph) -> tuple[NDArray[np.float16], NDArray[np.float32]]:
        radiograph = read(one.path)
        found = network.cells(to_input(radiograph)).astype(np.float16)
        return found, one.shares(len(found), radiograph)

    cells, shares = [], []
    with ThreadPoolExecutor(usable_cores()) as pool:
        for found, lung in pool.map(measured, masked):
            cells.append(found)
            shares.append(lung)
            progress("measuring lungs", len(cells), len(masked))
    lungs = fit_lungs(np.array(cells), np.array(shares))
    odds = np.array([one.astype(np.float32) @ lungs.kernel + lungs.bias for one in cells])
    return lungs, float((1 / (1 + np.exp(-odds))).mean((1, 2)).min()) / 2


def _count(names: NDArray[np.str_], hit: NDArray[np.bool_]) -> dict[str, tuple[int, int]]:
    return {str(name): (int(hit[names == name].sum()), int((names == name).sum())) for name in np.unique(names)}


def record(fitted: Fitted, table: Table, bundle_sha256: str) -> dict[str, Any]:
    """What a fit found, as JSON values."""
    shares = {"refused": fitted.refused, "passed": fitted.passed}
    return {
        "bundle_sha256": bundle_sha256,
        "examples": {kind: int((table.kinds == index).sum()) for index, kind in enumerate(KINDS)},
        "envelope": asdict(fitted.envelope),
        "mistaken": [path.name for path in fitted.mistaken],
        **{
            what: {name: {"of": count, "count": hit} for name, (hit, count) in rows.items()}
            for what, rows in shares.items()
        },
    }
