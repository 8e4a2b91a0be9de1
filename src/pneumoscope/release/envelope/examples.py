"""The pictures that an envelope is fitted to, each with the kind that it is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.decision.envelope import Kind
from pneumoscope.release.envelope import alterations
from pneumoscope.release.envelope.alterations import Alteration
from pneumoscope.tables import read_records

KINDS = {
    "lateral_cxr_drr": Kind.LATERAL,
    "radiograph_other": Kind.OTHER_RADIOGRAPH,
    "ct": Kind.OTHER_MEDICAL,
    "mr": Kind.OTHER_MEDICAL,
    "ct_mr_mixed": Kind.OTHER_MEDICAL,
    "ultrasound": Kind.OTHER_MEDICAL,
    "angiography": Kind.OTHER_MEDICAL,
    "colour_medical": Kind.OTHER_MEDICAL,
    "natural": Kind.OTHER_PICTURE,
    "documents": Kind.OTHER_PICTURE,
    "screenshots": Kind.OTHER_PICTURE,
    "synthetic": Kind.OTHER_PICTURE,
    "composite": Kind.SMALL,
}
"""From the kinds of a manifest of pictures to ours. A kind that is not named here is a question and left out."""

HOME = "home"
"""The source of the radiographs that the network was trained on."""

MADE: dict[Kind, Alteration] = {
    Kind.ROTATED_90: alterations.turned(1),
    Kind.ROTATED_180: alterations.turned(2),
    Kind.ROTATED_270: alterations.turned(3),
    Kind.INVERTED: alterations.inverted,
    Kind.SMALL: alterations.small_in_frame,
}
"""What is made of frontal radiographs."""


@dataclass(frozen=True)
class Picture:
    """One file.

    Attributes:
        path: of the file.
        kind: what it shows.
        source: where it comes from: a hospital, a publisher.
        group: pictures of one group are never divided: a patient, or what one source shows in one way.
        name: the kind in the words of its manifest; of a radiograph, its view and age band.
    """

    path: Path
    kind: Kind
    source: str
    group: str
    name: str


@dataclass(frozen=True)
class Example:
    """A picture, as it is or altered.

    Attributes:
        picture: it was made from.
        kind: what it is now.
        alteration: what was done to it, or None.
        seed: of the alteration.
    """

    picture: Picture
    kind: Kind
    alteration: Alteration | None
    seed: int

    def alter(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Do to the picture's pixels, uint8 (height, width), what makes the example; the same on every call."""
        return self.alteration(pixels, np.random.default_rng(self.seed)) if self.alteration else pixels


def list_pictures(manifest: Path) -> list[Picture]:
    """Read a manifest of pictures that are no frontal chest radiographs: columns file, kind, detail, source.

    Raises:
        DataError: the manifest cannot be read or lacks a column.
    """
    rows = read_records(manifest, ("file", "kind", "detail", "source"))
    return [
        Picture(manifest.parent / row["file"], KINDS[row["kind"]], row["source"], _group(row), row["kind"])
        for row in rows
        if row["kind"] in KINDS
    ]


def list_radiographs(manifest: Path, leave_out: Iterable[str] = ()) -> list[Picture]:
    """Read a manifest of frontal chest radiographs: columns path, source, patient, view, age.

    Args:
        manifest: a CSV file.
        leave_out: sources that are no whole radiographs.

    Raises:
        DataError: the manifest cannot be read or lacks a column.
    """
    rows = read_records(manifest, ("path", "source", "patient", "view", "age"))
    left_out = set(leave_out)
    return [
        Picture(manifest.parent / row["path"], Kind.FRONTAL, row["source"], _patient(row), _band(row))
        for row in rows
        if row["source"] not in left_out
    ]


def list_home(films: Iterable[LabelledRadiograph]) -> list[Picture]:
    """Every second of the radiographs that the network was trained on, to save time."""
    return [Picture(film.path, Kind.FRONTAL, HOME, film.patient, film.label) for film in list(films)[::2]]


def make_examples(pictures: Iterable[Picture], seed: int = 0) -> Iterator[Example]:
    """Make the examples of pictures.

    Of a frontal radiograph: itself, and in turn itself mildly altered or one thing that must be refused. Of any other
    picture: itself and two variations, or seven of a lateral view, of which few are at hand.
    """
    made = [(Kind.FRONTAL, alterations.mildly), *((kind, alterations.after_mild(how)) for kind, how in MADE.items())]
    turns = [made[index] for index in (0, 1, 0, 2, 0, 3, 0, 4, 5)]
    for index, picture in enumerate(pictures):
        seeds = [int(value) for value in np.random.default_rng([seed, index]).integers(0, 2**32, _LATERAL)]
        yield Example(picture, picture.kind, None, 0)
        if picture.kind is Kind.FRONTAL:
            kind, alteration = turns[index % len(turns)]
            yield Example(picture, kind, alteration, seeds[0])
        elif picture.kind is Kind.SMALL:
            yield Example(picture, picture.kind, alterations.toned, seeds[0])
        else:
            for value in seeds[: _LATERAL if picture.kind is Kind.LATERAL else _OTHER]:
                yield Example(picture, picture.kind, alterations.varied, value)


_OTHER, _LATERAL = 2, 7


def _group(row: dict[str, str]) -> str:
    """Pictures of one source that show the same in the same way are near copies: they stay together."""
    return f"{row['source']}/{row['detail'] if row['kind'] in _MADE_IN_SERIES else Path(row['file']).stem}"


_MADE_IN_SERIES = {"lateral_cxr_drr", "ct", "mr", "angiography"}


def _patient(row: dict[str, str]) -> str:
    return f"{row['source']}/{row['patient'] or row['path']}"


def _band(row: dict[str, str]) -> str:
    """View and age band."""
    age = float(row["age"]) if row["age"] else None
    band = "age unknown" if age is None else "under 13" if age < 13 else "13 to 17" if age < 18 else "adult"
    return f"{row['view'] or 'view unknown'}, {band}"
