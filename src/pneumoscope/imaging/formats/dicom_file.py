"""From the bytes of a DICOM file to a data set, at a cost that is bounded whatever the bytes say."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING, Any

from pneumoscope.imaging.limits import MAX_BYTES, check_bytes
from pneumoscope.imaging.refusal import NotAssessedError, Reason, refuse

if TYPE_CHECKING:
    from pydicom import Dataset

DEFLATED = "1.2.840.10008.1.2.1.99"
RLE = "1.2.840.10008.1.2.5"
UNCOMPRESSED = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2")

MAX_READS = 200_000
"""Most reads of a file while it is parsed: about two for each element. A film has some hundred elements."""

MAX_VALUE = 2**20
"""Most bytes of an element but the pixels: tables of greys have up to 128 KiB. Larger ones are left out, unread."""

MAX_FRAGMENTS = 2**16
"""Most fragments of encapsulated pixels: those that are sent in pieces have 4 KiB or more in each."""

_PIXELS, _AFTER_PIXELS = 0x7FE00010, (0xFFFAFFFA, 0xFFFCFFFC)  # pixels; digital signatures and padding
_SEQUENCE_DELIMITER = 0xFFFEE0DD


class _Reader(io.BytesIO):
    """A file that may be read only so often."""

    reads = 0

    def read(self, size: int | None = -1) -> bytes:
        self.reads += 1
        if self.reads > MAX_READS:
            raise refuse(Reason.UNSUPPORTED, "The DICOM header has too many elements; export the film again.")
        return super().read(size)


def parse(content: bytes, warned: list[str]) -> Dataset:
    """Parse a DICOM file, with or without the preamble of part 10.

    Args:
        content: the whole file.
        warned: where the decoders' warnings arrive.

    Raises:
        NotAssessedError: TRUNCATED or UNSUPPORTED.
        Exception: of almost any type, where it is damaged.
    """
    from pydicom.filereader import read_dataset, read_partial, read_preamble
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    from pneumoscope.imaging.formats import codestream

    file = _Reader(content)
    read_preamble(file, force=True)
    # The syntax first and alone: pydicom would inflate a deflated data set whatever its size.
    meta = read_dataset(file, False, True, stop_when=lambda tag, vr, length: tag.group != 2)
    syntax = meta.get("TransferSyntaxUID", UNCOMPRESSED[0])
    if syntax not in (*UNCOMPRESSED, RLE, DEFLATED, *codestream.SYNTAXES):
        raise unsupported("this DICOM transfer syntax")
    if syntax == DEFLATED:
        content = _inflated(content[file.tell() :])
    dataset = read_partial(_Reader(content), stop_when=_Order(), force=True)
    if any("end of file" in message.lower() for message in warned):
        raise damaged()
    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit, little = dataset.original_encoding
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit
    _drop_large(dataset)
    return dataset


class _Order:
    """Sees the tags of a file in their order: what follows the pixels tells whether bytes went in or out before.

    Zeros may follow them, up to the end of a disk's block.
    """

    pixels = False

    def __call__(self, tag: Any, vr: str | None, length: int) -> bool:
        if self.pixels and tag == 0:
            return True
        if self.pixels and tag not in _AFTER_PIXELS:
            raise damaged()
        self.pixels |= tag == _PIXELS
        return False


def _drop_large(dataset: Dataset) -> None:
    for tag in [tag for tag in dataset.keys() if tag != _PIXELS]:  # noqa: SIM118  iterating a Dataset parses values
        element = dataset.get_item(tag)
        if element.is_raw and len(element.value or b"") > MAX_VALUE:
            if tag.group == 0x0028:  # of the picture
                raise damaged()
            del dataset[tag]


def _inflated(deflated: bytes) -> bytes:
    """Inflate a data set, and no more of it than a file may hold."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    content = stream.decompress(deflated, MAX_BYTES + 1)
    check_bytes(len(content))
    if not stream.eof:
        raise damaged()
    return content


def is_cut(dataset: Dataset) -> bool:
    """Whether the file ends within an element; pydicom passes over that in silence."""
    elements = (dataset.get_item(tag) for tag in dataset.keys())  # noqa: SIM118  iterating a Dataset parses values
    return any(element.is_raw and len(element.value or b"") < element.length < 2**32 - 1 for element in elements)


def contradictory(what: str) -> NotAssessedError:
    """The refusal of pixels that do not fit what the header says."""
    return refuse(
        Reason.CONTRADICTORY,
        f"The pixels do not fit the {what} that the DICOM header declares; send the film from the archive again.",
    )


def damaged() -> NotAssessedError:
    """The refusal of a file that lost something."""
    return refuse(Reason.TRUNCATED, "The DICOM file is cut short or damaged; retrieve it again.")


def unsupported(what: str) -> NotAssessedError:
    """The refusal of what a DICOM file may well be, but is not read."""
    return refuse(Reason.UNSUPPORTED, f"Pneumoscope does not read {what}; send a grey CR or DX image.")
