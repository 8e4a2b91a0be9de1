"""The folder of a result: its pictures, its record, and the objects that targets get."""

import io
from pathlib import Path
from typing import Any

from PIL import Image

from pneumoscope.errors import DataError
from pneumoscope.files import json_text, make_folder, write_bytes, write_text
from pneumoscope.screening.heatmap import layer
from pneumoscope.screening.output.meaning import meaning
from pneumoscope.screening.result import ScreeningResult
from pneumoscope.serving.dicom.objects import encode_object, quietly

PREVIEW, HEAT, JSON, REPORT, CAPTURE = "preview.png", "heat.png", "result.json", "sr.dcm", "sc.dcm"
"""What may lie there. A film that was not assessed has no preview, and only a heatmap that may be shown is drawn."""

FILES = {"json": JSON, "sr": REPORT, "sc": CAPTURE}
"""The file of each kind that targets get."""


def write_deliverables(folder: Path, result: ScreeningResult, film: Path, *, dicom: bool) -> tuple[str, ...]:
    """Write all of it.

    Args:
        folder: of the result; it is made.
        result: with preview and heatmap.
        film: where the film lies.
        dicom: whether it is a DICOM object with a UID, so that objects can refer to it.

    Returns:
        Which of the kinds there are.

    Raises:
        OSError: a file cannot be written.
    """
    make_folder(folder)
    write_text(folder / JSON, json_text(result.to_dict()))
    if result.preview is not None:
        preview = Image.fromarray(result.preview)
        write_bytes(folder / PREVIEW, _png(preview))
        if heat_shown(result) and result.contribution_map is not None:
            colours, mask = layer(preview.size, result.contribution_map, result.threshold)
            colours.putalpha(mask)
            write_bytes(folder / HEAT, _png(colours))
    return ("json", *_write_objects(folder, result, film)) if dicom else ("json",)


def heat_shown(result: ScreeningResult) -> bool:
    """Whether a result has a heatmap that passed its checks."""
    return result.heatmap is not None and result.heatmap.why_hidden is None


def describe(result: ScreeningResult) -> dict[str, Any]:
    """What pages show beside the published record, as JSON values.

    Args:
        result: of one film.

    Returns:
        ``means`` (sentences), ``heatmap`` ("shown", "none", or a sentence why it is hidden), ``remarks`` (sentences),
        ``site`` (name or None) and ``probability_at_site`` (0..1 or None).
    """
    why = result.heatmap.why_hidden if result.heatmap else None
    return {
        "means": meaning(result),
        "heatmap": "shown" if heat_shown(result) else why or "none",
        "remarks": [remark.sentence for remark in result.remarks],
        "site": result.site,
        "probability_at_site": result.probability_at_site,
        "view": result.header.view if result.header else None,
        "age_years": result.header.age_years if result.header else None,
        "sex": result.header.sex if result.header else None,
        "modality": result.header.modality if result.header else None,
        "maker": result.header.manufacturer if result.header else None,
        "device_model": result.header.device_model if result.header else None,
    }


def _write_objects(folder: Path, result: ScreeningResult, film: Path) -> tuple[str, ...]:
    import pydicom
    from pydicom.errors import InvalidDicomError

    from pneumoscope.serving.dicom.capture import build_capture
    from pneumoscope.serving.dicom.report import build_report

    try:
        with quietly():
            source = pydicom.dcmread(film, stop_before_pixels=True)
        made = {REPORT: build_report(result, source), CAPTURE: build_capture(result, source)}
    except (DataError, InvalidDicomError):  # no usable UID, no class of radiographs: then nothing can refer to it
        return ()
    for name, dataset in made.items():
        write_bytes(folder / name, encode_object(dataset))
    return ("sr", "sc")


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
