"""JPEG: every kind of damage that libjpeg can tell, and segments that cost more than they hold."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from pneumoscope.imaging import Reason, read
from pneumoscope.imaging.formats.jpeg import MAX_FILL, MAX_SCANS, MAX_SEGMENTS, picture

COLOURS = {"grey": "L", "colour": "RGB", "ink": "CMYK"}


@pytest.fixture(params=COLOURS)
def content(request, grey, encode):
    return encode(Image.fromarray(grey).convert(COLOURS[request.param]), "JPEG", quality=90)


def scan_of(content):
    """Where the codes of the first scan begin."""
    at = content.index(b"\xff\xda")
    return at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")


def test_each_kind_of_colour_decodes_as_pillow_does(content):
    expected = np.asarray(Image.open(io.BytesIO(content)).convert("L"))
    np.testing.assert_array_equal(read(content).pixels, expected)


@pytest.mark.parametrize(
    "damage",
    [
        lambda codes: codes[: len(codes) // 2],
        lambda codes: codes + codes[-40:],
        lambda codes: codes[:300] + bytes(200) + codes[500:],
        lambda codes: codes[:300] + codes[340:],
        lambda codes: codes[:300] + b"\xff\x33" + codes[302:],
    ],
    ids=["half is lost", "bytes left over", "zeros within", "bytes lost within", "a stray mark"],
)
def test_damage_within_the_codes_is_refused(content, reason, damage):
    """All of these were judged: the first as normal, whatever the film."""
    start = scan_of(content)
    assert reason(content[:start] + damage(content[start:-2]) + b"\xff\xd9") is Reason.TRUNCATED


def test_notes_are_left_out_and_orientation_is_not(grey, encode):
    exif = Image.Exif()
    exif[0x0112] = 3
    content = encode(grey, "JPEG", exif=exif, comment=b"c" * 60_000, icc_profile=b"p" * 200_000)
    assert len(picture(content)) < len(content) - 250_000
    np.testing.assert_array_equal(read(content).pixels, read(encode(grey, "JPEG")).pixels[::-1, ::-1])


def test_fill_bytes_segments_and_scans_are_counted(grey, encode, reason):
    """50 MB of fill bytes took half a minute."""
    content = encode(grey, "JPEG", progressive=True)
    note = b"\xff\xfe" + struct.pack(">H", 2)
    at = content.index(b"\xff\xda")
    scan = content[at : content.index(b"\xff\xc4", at)]
    few = content[:2] + b"\xff" * 100 + note * 100 + content[2:]
    np.testing.assert_array_equal(read(few).pixels, read(content).pixels)
    for many in (
        content[:2] + b"\xff" * (MAX_FILL + 1) + content[2:],
        content[:2] + note * (MAX_SEGMENTS + 1) + content[2:],
        content[:at] + scan * (MAX_SCANS + 1) + content[at:],
    ):
        assert reason(many) is Reason.UNSUPPORTED
