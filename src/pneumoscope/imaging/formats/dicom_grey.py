"""From a DICOM image's stored values to the greys that a viewer shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pneumoscope.imaging.bit_depth import full_scale
from pneumoscope.imaging.formats.dicom_pixels import Values

if TYPE_CHECKING:
    from pydicom import Dataset


def shown_grey(stored: Values, dataset: Dataset) -> NDArray[np.float32]:
    """The greys that a viewer shows.

    Modality LUT, VOI LUT or window, one inversion for MONOCHROME1 or a Presentation LUT Shape INVERSE, and padding as
    black (PS3.3, sections C.7.6.3, C.8.11.3 and C.11).

    Args:
        stored: the stored values, of shape (Rows, Columns).
        dataset: of the image.

    Returns:
        0 (black) to 255 (white), of the same shape.
    """
    padding = _padding(stored, dataset)
    share = _voi(_modality(stored, dataset), padding, dataset)
    if dataset.PhotometricInterpretation == "MONOCHROME1" or dataset.get("PresentationLUTShape") == "INVERSE":
        share = 1 - share
    share[padding] = 0
    share *= np.float32(255)
    return share


def _padding(stored: Values, dataset: Dataset) -> NDArray[np.bool_]:
    first = dataset.get("PixelPaddingValue")
    if first is None:
        return np.zeros(stored.shape, dtype=bool)
    low, high = sorted((int(first), int(dataset.get("PixelPaddingRangeLimit", first))))
    return (stored >= low) & (stored <= high)


def _modality(stored: Values, dataset: Dataset) -> NDArray[np.float32]:
    if dataset.get("ModalityLUTSequence"):
        item = dataset.ModalityLUTSequence[0]
        return _look_up(stored, _table(item, dataset), item.LUTDescriptor[1])
    slope, intercept = dataset.get("RescaleSlope"), dataset.get("RescaleIntercept")
    values = stored.astype(np.float32)
    values *= np.float32(1 if slope is None else slope)
    values += np.float32(intercept or 0)
    return values


def _voi(values: NDArray[np.float32], padding: NDArray[np.bool_], dataset: Dataset) -> NDArray[np.float32]:
    """Map the values of interest to 0..1."""
    if dataset.get("VOILUTSequence"):
        item = dataset.VOILUTSequence[0]
        table, bits = _table(item, dataset), int(item.LUTDescriptor[2])
        # 16 bits may be no more than the container of a table of 10 or 12.
        white = 2**bits - 1 if bits < 16 else full_scale(int(table.max()))
        return _look_up(values, table, item.LUTDescriptor[1]) / np.float32(white)
    if window := _window_of(dataset):
        return _window(values, *window, dataset.get("VOILUTFunction"))
    shown = values[~padding]
    low, high = (float(shown.min()), float(shown.max())) if shown.size else (0.0, 0.0)
    return _stretched(values, low, (high - low) or 1)


def has_window(dataset: Dataset) -> bool:
    """Whether the data set says which of its values are of interest."""
    return bool(dataset.get("VOILUTSequence") or _window_of(dataset))


def _window_of(dataset: Dataset) -> tuple[float, float] | None:
    """Centre and width of the window that a viewer shows: the first usable one; None without one."""
    pairs = zip(_numbers(dataset, "WindowCenter"), _numbers(dataset, "WindowWidth"), strict=False)
    return next(((c, w) for c, w in pairs if c is not None and w is not None and w > 0), None)


def _numbers(dataset: Dataset, keyword: str) -> list[float | None]:
    """The numbers of an element as it is written: some writers use a decimal comma, or leave a value out."""
    element = dataset.get_item(keyword) if keyword in dataset else None
    value = getattr(element, "value", None)
    if isinstance(value, bytes):
        parts = value.decode("ascii", "replace").split("\\")
    else:
        parts = [str(part) for part in np.atleast_1d(np.array([] if value is None else value, dtype=object))]
    return [_number(part) for part in parts]


def _number(text: str) -> float | None:
    try:
        number = float(text.replace(",", ".").strip(" \0"))
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def _window(values: NDArray[np.float32], centre: float, width: float, function: str | None) -> NDArray[np.float32]:
    """PS3.3 C.11.2.1.2 and C.11.2.1.3, for an output of 0..1."""
    if function == "SIGMOID":
        return np.asarray(1 / (1 + np.exp(-4 * (values - np.float32(centre)) / np.float32(width))))
    if function != "LINEAR_EXACT":
        centre, width = centre - 0.5, max(width - 1, 1e-6)  # a width of 1 is a step
    return _stretched(values, centre - width / 2, width)


def _stretched(values: NDArray[np.float32], black: float, width: float) -> NDArray[np.float32]:
    """Map black to 0 and what lies ``width`` above it to 1; beyond them all is black or white."""
    share = values - np.float32(black)
    share /= np.float32(width)
    return np.asarray(share.clip(0, 1, out=share))


def _table(item: Dataset, dataset: Dataset) -> NDArray[np.float32]:
    """Give the entries of a LUT.

    pydicom's own LUT functions fail on modality tables of 12 bits and on VOI tables of 8 bits with over 256 entries.
    """
    data = item.LUTData
    if isinstance(data, bytes):
        entries = item.LUTDescriptor[0] % 2**16 or 2**16
        order = "<" if dataset.file_meta.TransferSyntaxUID.is_little_endian else ">"
        data = np.frombuffer(data, "u1" if len(data) < 2 * entries else f"{order}u2")[:entries]
    return np.asarray(data, dtype=np.float32)


def _look_up(values: NDArray[Any], table: NDArray[np.float32], first: int) -> NDArray[np.float32]:
    """Apply a LUT whose first entry belongs to the value ``first`` (PS3.3 C.11.1.1 and C.11.2.1.1)."""
    index = np.rint(values).astype(np.int32)
    index -= first
    return np.asarray(table[index.clip(0, len(table) - 1, out=index)])
