"""TIFF: what its directories say, held against its bytes, before it is decoded (TIFF 6.0, section 2)."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from pneumoscope.imaging.formats import jpeg
from pneumoscope.imaging.limits import check_size
from pneumoscope.imaging.refusal import NotAssessedError, Reason, refuse

MAX_ENTRIES = 4096
"""Most entries of all directories together; a picture has some twenty."""

MAX_PARTS = 2**16
"""Most strips or tiles: each costs time of its own."""

MAX_RUNS = 2**22
"""Most runs of PackBits, which hold up to 128 bytes each."""

_SIZES = {3: 2, 4: 4, 5: 8, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}  # bytes of a value, by type
_UNSIGNED = {3: "u2", 4: "u4", 13: "u4", 16: "u8", 18: "u8"}
_INNER = (330, 34665, 34853)  # tags that lead to directories of their own: small copies, EXIF, place
_TABLES = 347


@dataclass
class _Directories:
    """What the directories of a file hold.

    Attributes:
        numbers: unsigned numbers of the first directory, by tag.
        tables: the JPEG tables that its parts share.
        entries: how many there are in all.
        end: where the last byte lies that one of them names, of the parts of the picture aside.
        paged: whether another page follows.
        runs: of PackBits, as far as they were counted.
    """

    numbers: dict[int, list[int]] = field(default_factory=dict)
    tables: bytes = b""
    entries: int = 0
    end: int = 0
    paged: bool = False
    runs: int = 0

    def one(self, tag: int, otherwise: int = 1) -> int:
        return self.numbers.get(tag, [otherwise])[0]


def picture(content: bytes) -> bytes:
    """The same bytes, of which every strip or tile is there, and as long as the directory says.

    Raises:
        NotAssessedError: UNSUPPORTED, with more entries, parts or runs than a picture needs; TOO_LARGE; TOO_SMALL.
        ValueError: it is damaged; struct.error or zlib.error too.
    """
    found = _read(content)
    check_size(found.one(256), found.one(257))
    starts, lengths = (found.numbers.get(tag, []) for tag in ((324, 325) if 324 in found.numbers else (273, 279)))
    if found.paged or len(starts) != len(lengths):
        return content  # pages are refused elsewhere, and a picture of one strip needs no length
    parts = sorted(zip(starts, lengths, strict=True))
    if any(start + length > following for (start, length), (following, _) in pairwise(parts)):
        raise ValueError("strips or tiles overlap")
    if sum(parts[-1]) > len(content) or content[max(found.end, sum(parts[-1])) :].strip(b"\0"):
        raise ValueError("the file is cut, or bytes are left over behind the picture")
    check = _CHECKS.get(found.one(259))
    for start, length, least, most in zip(starts, lengths, *_sizes(found), strict=True):
        if check and not check(content[start : start + length], least, most, found):
            raise ValueError("a strip or tile is damaged")
    return content


def _read(content: bytes) -> _Directories:
    order = "<" if content[:1] == b"I" else ">"
    large = struct.unpack_from(order + "H", content, 2)[0] == 43
    offset = order + ("Q" if large else "L")
    found = _Directories()
    waiting = [(struct.unpack_from(offset, content, 8 if large else 4)[0], True)]
    while waiting:
        at, first = waiting.pop()
        (count,) = struct.unpack_from(order + ("Q" if large else "H"), content, at)
        at += 8 if large else 2
        entry = 20 if large else 12
        if at + count * entry > len(content):
            raise ValueError("a directory lies beyond the end")
        found.entries += count + 1
        if found.entries > MAX_ENTRIES:
            raise _excessive(f"{MAX_ENTRIES} entries")
        for place in range(at, at + count * entry, entry):
            tag, values = _entry(content, place, order, large, found, first)
            waiting += [(value, False) for value in values if tag in _INNER]
        end = at + count * entry
        found.end = max(found.end, end + struct.calcsize(offset))
        found.paged |= first and struct.unpack_from(offset, content, end)[0] != 0
    return found


def _entry(content: bytes, at: int, order: str, large: bool, found: _Directories, first: bool) -> tuple[int, list[int]]:
    """Take one entry of a directory; give its tag, and its values where they are unsigned numbers."""
    tag, kind, count = struct.unpack_from(order + ("HHQ" if large else "HHL"), content, at)
    inline = 8 if large else 4
    start, length = at + 4 + inline, count * _SIZES.get(kind, 1)
    if length > inline:
        (start,) = struct.unpack_from(order + ("Q" if large else "L"), content, start)
        found.end = max(found.end, start + length)
    if start + length > len(content):
        raise ValueError("a value lies beyond the end")
    if tag == _TABLES and first:
        found.tables = content[start : start + length]
    if kind not in _UNSIGNED:
        return tag, []
    if count > MAX_PARTS:
        raise _excessive(f"{MAX_PARTS} strips or tiles")
    values: list[int] = np.frombuffer(content, order + _UNSIGNED[kind], count, start).tolist()
    if first and values:
        found.numbers[tag] = values
    return tag, values


def _sizes(found: _Directories) -> tuple[list[int], list[int]]:
    """Bytes that each strip or tile must have when it is decoded, and may have: the last one may be filled up."""
    width, height, samples = found.one(256), found.one(257), found.one(277)
    planes, together = (samples, 1) if found.one(284) == 2 else (1, samples)
    tiled = 324 in found.numbers
    across, rows = (found.one(322), found.one(323)) if tiled else (width, min(found.one(278, height), height))
    row = -(-across * found.one(258) * together // 8)
    if tiled:
        count = -(-width // across) * -(-height // rows) * planes
        return [row * rows] * count, [row * rows] * count
    least = [row * min(rows, height - top) for top in range(0, height, rows)] * planes
    return least, [row * rows] * len(least)


def _raw(part: bytes, least: int, most: int, found: _Directories) -> bool:
    return least <= len(part) <= most + 3 or found.one(262) == 6  # which may halve its colours


def _deflated(part: bytes, least: int, most: int, found: _Directories) -> bool:
    stream = zlib.decompressobj()
    return least <= len(stream.decompress(part, most + 1)) <= most and stream.eof


def _packed(part: bytes, least: int, most: int, found: _Directories) -> bool:
    at = size = 0
    while at < len(part):
        head = part[at]
        length = head + 1 if head < 128 else 257 - head
        size += length if head != 128 else 0
        at += 1 + (length if head < 128 else head != 128)
        found.runs += 1
        if found.runs > MAX_RUNS:
            raise _excessive(f"{MAX_RUNS} runs")
    return at == len(part) and least <= size <= most


def _jpeg(part: bytes, least: int, most: int, found: _Directories) -> bool:
    stream = jpeg.picture(found.tables[:-2] + part[2:] if found.tables else part)
    return jpeg.decode(stream, "CMYK" if found.one(277) == 4 else "GRAY", scale=8).size > 0


_CHECKS: dict[int, Callable[[bytes, int, int, _Directories], bool]] = {
    1: _raw, 7: _jpeg, 8: _deflated, 32946: _deflated, 32773: _packed,
}  # fmt: skip


def _excessive(what: str) -> NotAssessedError:
    return refuse(Reason.UNSUPPORTED, f"The TIFF has more than {what}; export the film again.")
