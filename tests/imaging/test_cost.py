"""What the dearest files cost: limits of memory are set, and those that ask for more are refused before decoding."""

import io
import struct
import sys
import zlib

import imagecodecs
import numpy as np
import pytest
from cost import cost
from PIL import Image

from experiments.fuzz.kinds import DEFLATED, JPEG, RLE, dicom, encoded
from pneumoscope.imaging import Reason, read
from pneumoscope.imaging.formats.dicom_file import MAX_FRAGMENTS, MAX_READS, MAX_VALUE
from pneumoscope.imaging.limits import MAX_PIXELS, MOST_MEMORY, MOST_SECONDS

pydicom = pytest.importorskip("pydicom", reason="the extra 'dicom' is not installed")

SIDE = int(MAX_PIXELS**0.5)


@pytest.fixture(scope="module")
def largest():
    """A picture of as many pixels as may be, with noise, so that it does not compress to nothing."""
    noise = np.random.default_rng(0).integers(-4, 5, (500, SIDE), dtype=np.int16)
    ramp = np.linspace(20, 230, SIDE).astype(np.int16)[:, None]
    return (ramp + np.tile(noise, (-(-SIDE // 500), 1))[:SIDE]).astype(np.uint8)


LARGEST = {
    "JPEG, progressive, RGB": lambda p: encoded(Image.fromarray(p).convert("RGB"), "JPEG", progressive=True),
    "PNG, 16 bits": lambda p: encoded(p.astype(np.uint16) * 257, "PNG", compress_level=1),
    "TIFF, RGB": lambda p: encoded(Image.fromarray(p).convert("RGB"), "TIFF"),
    "DICOM, signed": lambda p: dicom((p.astype(np.int16) - 128) * 16, 12, PixelRepresentation=1, WindowCenter=0),
    "DICOM, RGB": lambda p: dicom(
        np.dstack([p] * 3), 8, PhotometricInterpretation="RGB", SamplesPerPixel=3, PlanarConfiguration=0
    ),
    "DICOM, JPEG-LS": lambda p: dicom(p, 8, JPEG + "80", imagecodecs.jpegls_encode(p)),
}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process so")
@pytest.mark.parametrize("kind", LARGEST)
def test_the_largest_film_stays_within_the_limits(largest, kind, tmp_path):
    path = tmp_path / "film"
    path.write_bytes(LARGEST[kind](largest))
    found = cost(path, MOST_MEMORY)
    assert (found.outcome, found.mib < MOST_MEMORY / 2**20) == ("read", True)
    assert found.seconds < MOST_SECONDS, f"{kind}: a core of this machine needs {found.seconds:.1f} s"


def jpeg_2000(values, **options):
    return imagecodecs.jpeg2k_encode(values, reversible=True, codecformat="j2k", **options)


def test_a_small_jpeg_2000_of_many_blocks_is_refused_before_it_is_decoded(grey, reason):
    stream = jpeg_2000(grey)
    at = stream.index(b"\xff\x52") + 10
    assert stream[at : at + 2] == b"\4\4"  # blocks of 64 x 64
    tiny = stream[:at] + b"\0\0" + stream[at + 2 :]
    size = stream.index(b"\xff\x51") + 6
    large = tiny[:size] + struct.pack(">LL", SIDE, SIDE) + tiny[size + 8 :]
    content = dicom(grey, 8, JPEG + "90", large, Rows=SIDE, Columns=SIDE)
    assert reason(content) is Reason.UNSUPPORTED


def test_a_jpeg_2000_of_many_tiles_is_refused_before_it_is_decoded(grey, reason):
    stream = jpeg_2000(grey)
    at = stream.index(b"\xff\x51") + 22
    assert reason(dicom(grey, 8, JPEG + "90", stream[:at] + struct.pack(">LL", 2, 2) + stream[at + 8 :])) is (
        Reason.UNSUPPORTED
    )


def element(group, number, vr, value):
    return struct.pack("<HH", group, number) + vr + struct.pack("<H", len(value)) + value


def with_elements(content, elements):
    """Behind the file meta information, whose length pydicom writes."""
    at = 144 + struct.unpack_from("<L", content, 140)[0]
    return content[:at] + elements + content[at:]


def nested(depth):
    opened = struct.pack("<HH2s2xLHHL", 8, 0x1140, b"SQ", 2**32 - 1, 0xFFFE, 0xE000, 2**32 - 1)
    closed = struct.pack("<HHLHHL", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
    return opened * depth + closed * depth


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        (b"".join(element(9, number % 2**16, b"LO", b"ab") for number in range(MAX_READS)), Reason.UNSUPPORTED),
        (nested(5000), Reason.TRUNCATED),
        (nested(1) * (MAX_READS // 4), Reason.UNSUPPORTED),
    ],
    ids=["elements", "depth", "sequences"],
)
def test_elements_are_counted_while_they_are_read(make_dicom, grey, reason, elements, expected):
    assert reason(with_elements(make_dicom(grey), elements)) is expected


def test_large_elements_are_not_looked_into(make_dicom, grey, reason):
    content = make_dicom(grey)
    blob = struct.pack("<HH2s2xL", 9, 0x1001, b"OB", MAX_VALUE + 2) + bytes(MAX_VALUE + 2)
    np.testing.assert_array_equal(read(with_elements(content, blob)).pixels, read(content).pixels)
    of_the_picture = struct.pack("<HH2s2xL", 0x28, 0x3006, b"OW", MAX_VALUE + 2) + bytes(MAX_VALUE + 2)
    assert reason(with_elements(content, of_the_picture)) is Reason.TRUNCATED


def test_fragments_are_counted(grey, reason):
    content = dicom(grey, 8, JPEG + "80", imagecodecs.jpegls_encode(grey))
    at = content.rindex(struct.pack("<HH", 0xFFFE, 0xE0DD))
    many = content[:at] + struct.pack("<HHL", 0xFFFE, 0xE000, 0) * MAX_FRAGMENTS + content[at:]
    assert reason(many) is Reason.UNSUPPORTED


def test_a_run_length_bomb_is_refused(grey, reason):
    header = struct.pack("<16L", 1, 64, *[0] * 14)
    assert reason(dicom(grey, 8, RLE, header + b"\x81\0" * 1_000_000)) is Reason.TRUNCATED


def test_a_deflated_data_set_is_inflated_up_to_what_a_file_may_hold(reason):
    bomb = dicom(np.zeros((8, 8), np.uint8), 8, DEFLATED)
    start = 144 + struct.unpack_from("<L", bomb, 140)[0]
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    zeros = bytes(2**20)
    body = b"".join(packer.compress(zeros) for _ in range(400)) + packer.flush()
    assert len(body) < 2**20
    assert reason(bomb[:start] + body) is Reason.UNREADABLE


def test_a_tiff_that_is_one_page_of_many_is_not_walked(grey, reason):
    pages = io.BytesIO()
    Image.fromarray(grey).save(pages, "TIFF", save_all=True, append_images=[Image.fromarray(grey)] * 3)
    assert reason(pages.getvalue()) is Reason.MULTIPLE_FRAMES
