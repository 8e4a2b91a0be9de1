"""Bytes to one grey radiograph: formats, limits, the small header, and the one preprocessing."""

from pneumoscope.imaging.header import Header
from pneumoscope.imaging.preprocess import INPUT_SIZE, to_input
from pneumoscope.imaging.radiograph import Radiograph, Remark
from pneumoscope.imaging.reading import Source, read
from pneumoscope.imaging.refusal import NotAssessedError, Reason, Refusal

__all__ = [
    "INPUT_SIZE",
    "Header",
    "NotAssessedError",
    "Radiograph",
    "Reason",
    "Refusal",
    "Remark",
    "Source",
    "read",
    "to_input",
]
