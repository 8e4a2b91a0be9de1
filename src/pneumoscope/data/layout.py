"""Where labelled films come from: the public folder layout, or a manifest for anybody's own films."""

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from pneumoscope.data.labelled import SPLITS, UNSPLIT, LabelledRadiograph
from pneumoscope.data.manifest import ManifestForm, read_manifest
from pneumoscope.data.names import named
from pneumoscope.decision.labels import Label
from pneumoscope.errors import DataError
from pneumoscope.files import sha256
from pneumoscope.imaging.search import Kind, PassedOver, folder_by_name, kind_of, radiographs_below

OFFICIAL_TEST_SHA256 = "480523ee0b0202874fa771a2e7af302eacf6f69089674bed729427b0bff5639a"


def load(
    source: Path,
    moved: bool = False,
    form: ManifestForm | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> list[LabelledRadiograph]:
    """List the labelled films of a folder or of a manifest.

    A folder holds ``NORMAL`` and ``PNEUMONIA``, directly or below ``train``, ``val`` and ``test``, any of which may be
    absent; capitals do not matter. Other folders are named by ``say`` and not read. A manifest has the columns path,
    label, subtype, patient, split, source, weight; only the first two are required, and paths are relative to it.

    Args:
        source: the folder or the manifest.
        moved: whether the films of a manifest may be elsewhere by now, because their pixels are not needed.
        form: what the manifest calls its columns and labels.
        say: hears what a person should know: how the manifest was read, and what was passed over in the folder.

    Returns:
        Films sorted by split and path.

    Raises:
        DataError: the source does not exist, holds no film, or has a row that cannot be understood.
    """
    form, passed = form or ManifestForm(), PassedOver()
    if not os.path.exists(source):
        raise DataError(f"{source}: no such folder or manifest")
    if source.is_dir():
        if form != ManifestForm():
            raise DataError(f"{source}: this is a folder; only a manifest has columns and words to name")
        films = _from_folder(source, passed)
        if passed and films:
            say(passed.sentence())
    else:
        films = read_manifest(source, form, moved, say)
    if not films:
        raise DataError(
            f"{source}: no labelled film found; expected NORMAL/ and PNEUMONIA/ below it, or below train/, val/, test/"
            + (f"; {passed.sentence()}" if passed else "")
        )
    return sorted(films, key=lambda film: (film.split, film.path))


def distinct(films: Iterable[LabelledRadiograph]) -> dict[str, LabelledRadiograph]:
    """Drop spare copies: the first film of every distinct file content, keyed by its sha256.

    Raises:
        DataError: identical files carry different labels, so one of the labels is wrong.
    """
    kept: dict[str, LabelledRadiograph] = {}
    for film in films:
        first = kept.setdefault(sha256(film.path), film)
        if first.label is not film.label:
            raise DataError(f"{first.path} and {film.path} are the same file with different labels: remove one of them")
    return kept


def fingerprint(digests: Iterable[str]) -> str:
    """One sha256 that names a set of films, whatever their order and place."""
    return hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()


def is_official_test(films: Iterable[LabelledRadiograph]) -> bool:
    """Whether these are the 624 test films of the public release, by their labels and file names."""
    names = sorted(f"{film.label}/{film.path.name}" for film in films)
    return hashlib.sha256(os.fsencode("\n".join(names))).hexdigest() == OFFICIAL_TEST_SHA256


def _from_folder(root: Path, passed: PassedOver) -> list[LabelledRadiograph]:
    films: list[LabelledRadiograph] = []
    by_split = any(_split(child) for child in root.iterdir())
    for folder, split in _known(root, root, _split, passed) if by_split else [(root, UNSPLIT)]:
        for child, label in _known(folder, root, _label, passed):
            found = radiographs_below(child, passed)
            films.extend(named(path, path.relative_to(child), label, split) for path in found)
    return films


Known = TypeVar("Known")


def _known(
    folder: Path, root: Path, known: Callable[[Path], Known | None], passed: PassedOver
) -> list[tuple[Path, Known]]:
    """The folders in a folder that mean something, with their meaning; everything else is passed over."""
    found = []
    for child in sorted(folder.iterdir()):
        meaning = known(child)
        if meaning is not None:
            found.append((child, meaning))
        elif not child.is_dir():
            passed.kinds[kind_of(child) or Kind.STRAY] += 1
        elif kind := folder_by_name(child.name):
            passed.kinds[kind] += 1
        else:
            passed.folders.append(str(child.relative_to(root)))
    return found


def _split(folder: Path) -> str | None:
    name = folder.name.strip().lower()
    return name if name in SPLITS and folder.is_dir() else None


def _label(folder: Path) -> Label | None:
    name = folder.name.strip().lower()
    return Label(name) if name in set(Label) and folder.is_dir() else None
