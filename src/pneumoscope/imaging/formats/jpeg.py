"""JPEG of 8 bits: one walk over its segments, and libjpeg-turbo, which says when it meets damage."""

import re

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from pneumoscope.imaging.refusal import Reason, refuse

MAX_SCANS = 64
"""Most scans: progressive pictures have about ten, and each may cost as much time as the whole picture."""

MAX_SEGMENTS = 4096
"""Most segments before the end; pictures have a dozen, and those with many colour tables or notes some hundreds."""

MAX_FILL = 2**16
"""Most bytes between segments. Writers that align segments put some there."""

_END, _SCAN = 0xD9, 0xDA
_ALONE = (0x01, 0xD8)
_NOTES = (*range(0xE2, 0xEE), 0xEF, 0xFE)  # APP2 to APP13, APP15 and comments: nothing of them is used
# Behind 0xFF: a 0xFF of the data, a fill byte, or a restart within a scan are no marks.
_MARK = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])", re.DOTALL)


def picture(content: bytes) -> bytes:
    """The picture alone: without notes, and without what follows it, such as the moving picture of a phone.

    Args:
        content: from the start mark on.

    Raises:
        NotAssessedError: TRUNCATED, where there is no end mark; UNSUPPORTED, with more scans, segments or fill bytes
            than a picture needs.
    """
    kept, at, scans, segments, fill, in_scan = [content[:2]], 2, 0, 0, 0, False
    while mark := _MARK.search(content, at):
        code, end = mark[1][0], mark.end()
        kept.append(content[at : mark.start()])
        fill += 0 if in_scan else mark.start() - at
        if code == _END:
            return b"".join([*kept, mark[0]])
        if code not in _ALONE:
            end += int.from_bytes(content[end : end + 2], "big")
        if in_scan or code not in _NOTES:
            kept.append(content[mark.start() : end])
        at, in_scan = end, code == _SCAN
        scans, segments = scans + in_scan, segments + 1
        if scans > MAX_SCANS or segments > MAX_SEGMENTS or fill > MAX_FILL:
            raise refuse(
                Reason.UNSUPPORTED,
                f"Pneumoscope does not read JPEG of more than {MAX_SCANS} scans, {MAX_SEGMENTS} segments or {MAX_FILL} "
                "fill bytes; export the film as 8- or 16-bit grey PNG, or as DICOM.",
            )
    raise refuse(Reason.TRUNCATED, "The JPEG is cut short or damaged; copy or export it again.")


def decode(content: bytes, colours: str, scale: int = 1) -> NDArray[np.uint8]:
    """Decode what :func:`picture` gives.

    Args:
        content: the picture, of 8 bits.
        colours: "GRAY", "RGB" or "CMYK", as the picture has them.
        scale: 1, or 8 for a copy whose sides are an eighth, which costs less and meets the same damage.

    Returns:
        uint8 of shape (height, width, 1, 3 or 4); the same values that Pillow gives.

    Raises:
        ValueError: libjpeg met damage, even such as it could pass over: a premature end, bytes that are left over, or
            codes that do not exist.
    """
    pixels = np.asarray(simplejpeg.decode_jpeg(content, colours, min_factor=scale))
    return np.uint8(255) - pixels if colours == "CMYK" else pixels  # Adobe's inks are stored so, and so all others
