"""TIFF: strips and tiles that are there and whole, and directories that cost more than they hold."""

import struct
from contextlib import suppress

import numpy as np
import pytest

from experiments.fuzz.kinds import tiff
from pneumoscope.imaging import NotAssessedError, Reason, read
from pneumoscope.imaging.formats.tiff import MAX_ENTRIES, MAX_PARTS

COMPRESSIONS = ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg")
TAGS = {258: (3, 8), 259: (3, 1), 262: (3, 1), 277: (3, 1)}


@pytest.fixture(params=COMPRESSIONS)
def content(request, grey, encode):
    return encode(grey, "TIFF", compression=request.param)


def in_strips(grey, rows=16):
    height, width = grey.shape
    strips = [grey[top : top + rows].tobytes() for top in range(0, height, rows)]
    return tiff(strips, TAGS | {256: (4, width), 257: (4, height), 278: (4, rows)}, (273, 279))


def test_whole_strips_and_zeros_behind_them_are_read(grey):
    np.testing.assert_array_equal(read(in_strips(grey)).pixels, grey)
    np.testing.assert_array_equal(read(in_strips(grey) + bytes(512)).pixels, grey)


@pytest.mark.parametrize("where", [0.4, 0.7])
@pytest.mark.parametrize(
    "damage",
    [
        lambda content, at: content[:at] + content[at : at + 50] + content[at:],
        lambda content, at: content[:at] + content[at + 50 :],
        lambda content, at: content[:at] + b"\xa5" * 9 + content[at:],
    ],
    ids=["repeated", "lost", "put in"],
)
def test_bytes_that_went_in_or_out_are_noticed(content, reason, damage, where):
    assert reason(damage(content, int(where * len(content)))) is Reason.TRUNCATED


def test_a_strip_that_lies_in_another_or_beyond_the_end_is_damage(grey, reason):
    content = in_strips(grey)
    start = len(content) - grey.size
    second = struct.pack("<L", start + grey[:16].size)
    for other in (start + 8, len(content)):
        assert reason(content.replace(second, struct.pack("<L", other), 1)) is Reason.TRUNCATED


@pytest.mark.parametrize("compression", ["tiff_adobe_deflate", "packbits"])
def test_a_strip_that_holds_another_number_of_bytes_is_damage(grey, encode, reason, compression):
    content = encode(grey, "TIFF", compression=compression)
    height = next(tag for tag in (struct.pack("<HHL", 257, kind, 1) for kind in (3, 4)) if tag in content)
    shorter = content.replace(height + struct.pack("<H", len(grey)), height + struct.pack("<H", len(grey) - 20))
    assert shorter != content
    assert reason(shorter) is Reason.TRUNCATED


def test_a_tiff_makes_no_noise(content, capfd):
    for at in range(400, len(content) - 50, len(content) // 20):
        with suppress(NotAssessedError):
            read(content[:at] + bytes(range(50)) + content[at + 50 :])
    assert capfd.readouterr() == ("", "")


def test_entries_and_parts_are_counted(grey, reason):
    many = tiff([b"x"] * (MAX_PARTS + 1), TAGS | {256: (4, 300), 257: (4, 300), 278: (4, 1)}, (273, 279))
    assert reason(many) is Reason.UNSUPPORTED
    entries = struct.pack("<HHLL", 40000, 4, 1, 0) * (MAX_ENTRIES + 1)
    assert reason(b"II*\0" + struct.pack("<LH", 8, MAX_ENTRIES + 1) + entries + bytes(4)) is Reason.UNSUPPORTED


def test_a_directory_that_leads_to_itself_ends(reason):
    entry = struct.pack("<HHLL", 34665, 4, 1, 8)
    assert reason(b"II*\0" + struct.pack("<LH", 8, 1) + entry + bytes(200)) is Reason.UNSUPPORTED
