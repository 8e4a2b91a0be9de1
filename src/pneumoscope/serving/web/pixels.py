"""Pictures of films for a browser."""

import io
import threading
from pathlib import Path

import numpy as np
from PIL import Image

from pneumoscope.imaging import NotAssessedError, read
from pneumoscope.imaging.bars import without_bars
from pneumoscope.imaging.preprocess import to_8_bit
from pneumoscope.imaging.radiograph import Pixels
from pneumoscope.serving.deliverables import PREVIEW
from pneumoscope.serving.store.films import Film
from pneumoscope.serving.web.desk import Desk

SIDE = 2048
"""Longer side of a picture of the viewer, in pixels, at most."""

THUMBNAIL = 112
"""Longer side of a picture in a list, in pixels."""

_decoding = threading.Semaphore(2)  # a film may take a gigabyte to decode


def pixels_of(desk: Desk, film: Film) -> bytes | None:
    """A film as grey PNG of 8 bits; its preview where the film is no longer kept; None where there is neither."""
    preview = result_file(desk, film, PREVIEW)
    if film.spool:
        place = desk.station.spool.path(film.spool)
        try:
            with _decoding:
                return _png(place, preview)
        except NotAssessedError:  # no picture, or one that shows nothing
            return None
    return preview.read_bytes() if preview else None


def thumbnail_of(desk: Desk, film: Film) -> bytes | None:
    """A small JPEG of a film; None where there is none."""
    preview = result_file(desk, film, PREVIEW)
    if preview is None:
        return None
    with Image.open(preview) as image:
        image.draft("L", (THUMBNAIL, THUMBNAIL))
        image.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.BILINEAR)
        buffer = io.BytesIO()
        image.convert("L").save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def result_file(desk: Desk, film: Film, name: str) -> Path | None:
    """A file of the newest result of a film; None where there is none."""
    if not film.result:
        return None
    path = desk.station.folder / film.result / name
    return path if path.is_file() else None


def _png(place: Path, preview: Path | None) -> bytes:
    image = Image.fromarray(to_8_bit(_as_judged(read(place).pixels, preview)))
    image.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _as_judged(pixels: Pixels, preview: Path | None) -> Pixels:
    """The part of a film that its preview shows, which is what the heatmap covers: all but flat bars.

    A result may be of a version that did not cut bars off, so the preview's aspect ratio decides.
    """
    film = without_bars(pixels)
    if preview is None or film.shape == pixels.shape:
        return film
    with Image.open(preview) as shown:
        aspect = shown.height / shown.width
    return min((film, pixels), key=lambda one: abs(float(np.log(one.shape[0] / one.shape[1] / aspect))))
