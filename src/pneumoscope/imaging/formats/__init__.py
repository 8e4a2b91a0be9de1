"""The file formats that are read: one module for each, and the table that names them.

To add a format, write its module with a ``decode(content) -> Decoded`` and add a row to FORMATS.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from pneumoscope.imaging.formats import dicom, raster
from pneumoscope.imaging.radiograph import Decoded


@dataclass(frozen=True)
class Format:
    """One file format.

    Attributes:
        name: as results and messages say it.
        signature: matches the first bytes of its files; the name of a file decides nothing.
        suffixes: of file names by which a folder is searched for it, in lower case.
        decode: the whole content of a file to grey pixels; raises NotAssessedError and nothing else.
    """

    name: str
    signature: re.Pattern[bytes]
    suffixes: tuple[str, ...]
    decode: Callable[[bytes], Decoded]


FORMATS = (
    Format(
        "DICOM",
        # First, because the preamble may hold another format. With the preamble of part 10; or without, as old CR
        # readers wrote them: a first element of group 2 or 8.
        re.compile(rb".{128}DICM|[\x02\x08]\0[\0-\x20]\0(?:[A-Z]{2}|.\0\0\0)", re.DOTALL),
        (".dcm", ".dicom"),
        dicom.decode,
    ),
    Format("JPEG", re.compile(rb"\xff\xd8\xff"), (".jpeg", ".jpg"), partial(raster.decode, encoding="JPEG")),
    Format("PNG", re.compile(rb"\x89PNG\r\n\x1a\n"), (".png",), partial(raster.decode, encoding="PNG")),
    Format(
        "TIFF",
        re.compile(rb"II[\x2a\x2b]\0|MM\0[\x2a\x2b]"),
        (".tif", ".tiff"),
        partial(raster.decode, encoding="TIFF"),
    ),
)

SUFFIXES = frozenset(suffix for known in FORMATS for suffix in known.suffixes)
"""What a folder is searched for, in lower case."""


def recognise(content: bytes) -> Format | None:
    """The format of a file, by its first bytes; None for none of FORMATS."""
    return next((known for known in FORMATS if known.signature.match(content)), None)
