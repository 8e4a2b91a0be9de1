"""Films from disk to model input, a few ahead of the inference and never all at once."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pneumoscope.imaging import NotAssessedError, Radiograph, Reason, read, to_input

Source = Path | str | bytes | NDArray[np.generic]
"""A file, a file's content, or an array; see ``imaging.read``."""

PREVIEW_SIZE = 512
"""The longer side of the film that a result carries, in pixels."""


@dataclass(frozen=True)
class Prepared:
    """A film that passed the input gate.

    Attributes:
        pixels: the model's input, uint8 (size, size).
        film: the film for a person's eyes, uint8 (height, width), aspect kept.
    """

    pixels: NDArray[np.uint8]
    film: NDArray[np.uint8]


@dataclass(frozen=True)
class Refusal:
    """What the input gate said of a file that it refused.

    A value and not the exception itself, whose traceback would keep the file's bytes in memory.

    Attributes:
        reason: the coded reason.
        detail: one sentence for a person. Holds no patient data.
    """

    reason: Reason
    detail: str


def prepare(source: Source, size: int) -> Prepared | Refusal:
    """Decode one film; a refusal is returned, not raised, because it is a result like any other."""
    try:
        radiograph = read(source)
        return Prepared(to_input(radiograph, size), _preview(radiograph))
    except NotAssessedError as refused:
        return Refusal(refused.reason, refused.detail)
    except Exception as problem:  # a decoder's own bug must not stop the other films; its text may name the patient
        return Refusal(Reason.UNREADABLE, f"The file could not be decoded ({type(problem).__name__}).")


def prepare_many(
    sources: Iterable[Source], size: int, workers: int, ahead: int
) -> Iterator[tuple[Source, Prepared | Refusal]]:
    """Decode films in threads, in order, at most ``ahead`` of them before they are asked for.

    Args:
        sources: the films; taken one by one.
        size: side of the model's input, in pixels.
        workers: number of threads.
        ahead: how many films may wait; bounds the memory whatever the number of films.

    Yields:
        Each source with its film or its refusal.
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix="decode")
    waiting: deque[tuple[Source, Future[Prepared | Refusal]]] = deque()
    try:
        for source in sources:
            waiting.append((source, pool.submit(prepare, source, size)))
            if len(waiting) >= ahead:
                first, decoded = waiting.popleft()
                yield first, decoded.result()
        while waiting:
            first, decoded = waiting.popleft()
            yield first, decoded.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _preview(radiograph: Radiograph) -> NDArray[np.uint8]:
    image = Image.fromarray(np.clip(np.rint(radiograph.pixels), 0, 255).astype(np.uint8))
    image.thumbnail((PREVIEW_SIZE, PREVIEW_SIZE), Image.Resampling.BILINEAR)
    return np.asarray(image)
