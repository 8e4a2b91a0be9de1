"""Reading the radiographs of an audit: each is opened once, and what the audit needs of it is kept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pneumoscope.compute.cores import usable_cores
from pneumoscope.compute.pool import WorkerPool
from pneumoscope.data.audit.audit import Measured
from pneumoscope.data.audit.marks import Marks, find_marks
from pneumoscope.data.audit.shortcuts import laplacian_variance
from pneumoscope.data.labelled import LabelledRadiograph, RefusedRadiograph
from pneumoscope.imaging import NotAssessedError, read, to_input
from pneumoscope.progress import Progress

_THUMBNAIL = 64
_DISPLAY = 168


@dataclass(frozen=True)
class _Read:
    """What is kept of one radiograph that was read."""

    digest: str
    file_bytes: int
    dimensions: tuple[int, ...]
    sharpness: float
    thumbnail: NDArray[np.uint8]
    marks: Marks


def measure_radiographs(radiographs: Sequence[LabelledRadiograph], progress: Progress) -> Measured:
    """Read radiographs, on all cores.

    Args:
        radiographs: of any split.
        progress: called after every one.
    """
    answers: list[_Read | RefusedRadiograph] = []
    with WorkerPool(usable_cores()) as pool:
        for answer in pool.map(_read, radiographs):
            answers.append(answer)
            progress("reading radiographs", len(answers), len(radiographs))
    good = [(one, kept) for one, kept in zip(radiographs, answers, strict=True) if isinstance(kept, _Read)]
    return Measured(
        films=[one for one, _ in good],
        digests=[kept.digest for _, kept in good],
        file_bytes=np.array([kept.file_bytes for _, kept in good], dtype=np.int64),
        dimensions=np.array([kept.dimensions for _, kept in good], dtype=np.int64).reshape(-1, 2),
        sharpness=np.array([kept.sharpness for _, kept in good], dtype=np.float64),
        thumbnails=np.array([kept.thumbnail for _, kept in good], dtype=np.uint8).reshape(-1, _THUMBNAIL, _THUMBNAIL),
        marks=[kept.marks for _, kept in good],
        unreadable=[refused for refused in answers if isinstance(refused, RefusedRadiograph)],
    )


def read_for_display(path: Path) -> NDArray[np.uint8]:
    """A radiograph as the page shows it, uint8 (168, 168).

    Raises:
        NotAssessedError: it cannot be read.
    """
    return to_input(read(path), _DISPLAY)


def _read(labelled: LabelledRadiograph) -> _Read | RefusedRadiograph:
    try:
        radiograph = read(labelled.path)
    except NotAssessedError as error:
        return RefusedRadiograph(labelled, error.refusal)
    seen = to_input(radiograph)  # the thumbnail is made from it, not from one that may be a hundred times larger
    thumbnail = to_input(replace(radiograph, pixels=seen), _THUMBNAIL)
    size, shape = labelled.path.stat().st_size, radiograph.pixels.shape
    return _Read(radiograph.sha256, size, shape, laplacian_variance(seen), thumbnail, find_marks(seen))
