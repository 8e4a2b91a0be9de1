"""PNG: its chunks, before they are decoded."""

from pneumoscope.imaging.refusal import Reason, refuse

MAX_CHUNKS = 2**16
"""Most chunks. Encoders that write little at once put 4 KiB of the picture into each."""

MAX_NOTE = 2**16
"""Most bytes of a chunk that is not the picture's own, such as its orientation. Larger ones are left out."""

_TEXTS = (b"tEXt", b"zTXt", b"iTXt", b"iCCP")
_OWN = (b"IHDR", b"PLTE", b"IDAT", b"IEND")

HEATMAP_MARK = b"tEXtSoftware\0Pneumoscope"
"""Stands near the begin of a PNG file that Pneumoscope made: it shows a film, and is none."""


def picture(content: bytes) -> bytes:
    """The picture alone: without texts and colour profiles, which may unpack to any size and say nothing of it.

    Raises:
        NotAssessedError: NOT_A_RADIOGRAPH, where a text says that it is a heatmap's picture; UNSUPPORTED, with more
            chunks than a picture needs.
    """
    kept, at, chunks = [content[:8]], 8, 0
    while at + 8 <= len(content):
        length, name = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        if length == len(HEATMAP_MARK) - 4 and content.startswith(HEATMAP_MARK, at + 4):
            raise refuse(Reason.NOT_A_RADIOGRAPH, "Pneumoscope made this picture of a film; screen the film itself.")
        if name in _OWN or (name not in _TEXTS and length <= MAX_NOTE):
            kept.append(content[at : at + 12 + length])
        at, chunks = at + 12 + length, chunks + 1
        if chunks > MAX_CHUNKS:
            raise refuse(Reason.UNSUPPORTED, f"The PNG has more than {MAX_CHUNKS} chunks; export the film again.")
    return b"".join(kept)
