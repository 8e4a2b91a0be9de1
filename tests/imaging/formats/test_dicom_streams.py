"""DICOM with compressed pixels: exact values, damage, and streams that contradict their header."""

import io

import numpy as np
import pytest
from code_streams import JPEG, lossless_streams

from pneumoscope.imaging import Reason, read

pydicom = pytest.importorskip("pydicom", reason="the extra 'dicom' is not installed")
imagecodecs = pytest.importorskip("imagecodecs", reason="the extra 'dicom' is not installed")

RLE = "1.2.840.10008.1.2.5"
WINDOW = {"WindowCenter": 100, "WindowWidth": 101}
CT = "1.2.840.10008.5.1.4.1.1.2"


def test_a_picture_of_16_bits_under_a_header_of_12_contradicts_it(make_dicom, compress, reason, stored):
    deep = (stored * 16).astype(np.uint16)
    assert reason(make_dicom(deep, 12)) is Reason.CONTRADICTORY
    for syntax, stream in lossless_streams(deep, 16).items():
        assert reason(compress(make_dicom(stored, 12), syntax, stream)) is Reason.CONTRADICTORY


def test_two_pictures_without_a_number_of_frames_are_refused(make_dicom, compress, reason, grey):
    dataset = pydicom.dcmread(io.BytesIO(make_dicom(grey)))
    dataset.PixelData = dataset.PixelData * 2
    file = io.BytesIO()
    dataset.save_as(file)
    assert reason(file.getvalue()) is Reason.MULTIPLE_FRAMES
    dataset.file_meta.TransferSyntaxUID = JPEG + "90"
    stream = lossless_streams(grey, 8)[JPEG + "90"]
    dataset.PixelData = pydicom.encaps.encapsulate([stream, stream])
    file = io.BytesIO()
    dataset.save_as(file)
    assert reason(file.getvalue()) is Reason.MULTIPLE_FRAMES


@pytest.mark.parametrize("padding", [1, 4, 16])
def test_padding_behind_a_code_stream_is_ignored(make_dicom, compress, grey, padding):
    content = make_dicom(grey)
    stream = lossless_streams(grey, 8)[JPEG + "90"]
    padded = compress(content, JPEG + "90", stream + bytes(padding))
    np.testing.assert_array_equal(read(padded).pixels, read(content).pixels)


@pytest.mark.parametrize("syntax", [JPEG + "57", JPEG + "70", JPEG + "80", JPEG + "90"])
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_lossless_compression_gives_the_same_pixels(make_dicom, compress, grey, syntax, bits):
    values = grey if bits == 8 else grey.astype(np.uint16) * ((2**bits - 1) // 255)
    content = make_dicom(values, bits, WindowCenter=2 ** (bits - 1), WindowWidth=2**bits)
    compressed = compress(content, syntax, lossless_streams(values, bits)[syntax])
    np.testing.assert_array_equal(read(compressed).pixels, read(content).pixels)


@pytest.mark.parametrize("bits", [8, 12])
def test_rle_gives_the_same_pixels(make_dicom, grey, bits):
    content = make_dicom(grey if bits == 8 else grey.astype(np.uint16) * 16, bits)
    dataset = pydicom.dcmread(io.BytesIO(content))
    dataset.compress(RLE, encoding_plugin="pydicom")
    file = io.BytesIO()
    dataset.save_as(file)
    np.testing.assert_array_equal(read(file.getvalue()).pixels, read(content).pixels)


@pytest.mark.parametrize("bits", [12, 16])
def test_signed_values_survive_compression(make_dicom, compress, bits):
    half = 2 ** (bits - 1)
    values = np.linspace(-half, half - 1, 160 * 200).astype(np.int16).reshape(160, 200)
    content = make_dicom(values, bits)
    unsigned = (values.view(np.uint16) & (2**bits - 1)).astype(np.uint16)
    compressed = compress(content, JPEG + "70", lossless_streams(unsigned, bits)[JPEG + "70"])
    np.testing.assert_array_equal(read(compressed).pixels, read(content).pixels)


@pytest.mark.parametrize(
    ("syntax", "bits", "encode_stream"),
    [
        (JPEG + "50", 8, lambda values: imagecodecs.jpeg8_encode(values, level=95)),
        (JPEG + "51", 12, lambda values: imagecodecs.jpeg8_encode(values, level=95, bitspersample=12)),
        (JPEG + "81", 12, lambda values: imagecodecs.jpegls_encode(values, level=3)),
        (
            JPEG + "91",
            12,
            lambda values: imagecodecs.jpeg2k_encode(values, level=80, codecformat="j2k", bitspersample=12),
        ),
    ],
)
def test_lossy_compression_stays_close(make_dicom, compress, grey, syntax, bits, encode_stream):
    values = grey if bits == 8 else grey.astype(np.uint16) * 16
    content = make_dicom(values, bits, WindowCenter=2 ** (bits - 1), WindowWidth=2**bits)
    difference = np.abs(read(compress(content, syntax, encode_stream(values))).pixels - read(content).pixels)
    assert 0 < difference.max() < 6


def test_lossy_values_beyond_the_stored_bits_do_not_wrap(make_dicom, compress, stored):
    overshooting = stored.copy()
    overshooting[-1, -50:] += 20  # a 16-bit stream whose wavelets pass the 12 bits stored
    stream = imagecodecs.jpeg2k_encode(overshooting, reversible=True, codecformat="j2k")
    pixels = read(compress(make_dicom(stored, 12), JPEG + "91", stream)).pixels
    assert (pixels[-1, -20:] == 255).all()


@pytest.mark.parametrize("syntax", [JPEG + "50", JPEG + "70", JPEG + "80", JPEG + "90"])
def test_a_stream_larger_than_its_header_says_is_refused(make_dicom, compress, reason, grey, syntax):
    larger = np.kron(grey, np.ones((2, 2), dtype=np.uint8))
    stream = lossless_streams(larger, 8).get(syntax) or imagecodecs.jpeg8_encode(larger)
    assert reason(compress(make_dicom(grey), syntax, stream)) is Reason.TRUNCATED


def test_video_is_unsupported(make_dicom, compress, reason, grey):
    assert reason(compress(make_dicom(grey), JPEG + "102", b"\0\0")) is Reason.UNSUPPORTED


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.99])
def test_a_cut_file_is_truncated(make_dicom, compress, reason, grey, compressed, share):
    content = make_dicom(grey)
    if compressed:
        content = compress(content, JPEG + "70", imagecodecs.jpeg8_encode(grey, lossless=True))
    assert reason(content[: int(len(content) * share)]) is Reason.TRUNCATED


@pytest.mark.parametrize("syntax", [None, JPEG + "50", JPEG + "70", JPEG + "80", JPEG + "90"])
def test_damaged_bytes_are_read_or_refused_but_never_raise_otherwise(
    make_dicom, compress, grey, refused_of_damaged, syntax
):
    whole = make_dicom(grey, **WINDOW)
    if syntax:
        stream = lossless_streams(grey, 8).get(syntax) or imagecodecs.jpeg8_encode(grey)
        whole = compress(whole, syntax, stream)
    assert refused_of_damaged(whole, tries=120, reach=1200, changes=6) > 40


@pytest.mark.parametrize("syntax", [JPEG + "50", JPEG + "51", JPEG + "90", RLE])
@pytest.mark.parametrize("damage", ["lost", "repeated", "left over"])
def test_a_code_stream_that_lost_or_won_bytes_is_refused(make_dicom, compress, reason, grey, syntax, damage):
    bits = 8 if syntax == JPEG + "50" else 12
    values = grey if bits == 8 else grey.astype(np.uint16) * 16
    content = make_dicom(values, bits)
    if syntax == RLE:
        dataset = pydicom.dcmread(io.BytesIO(content))
        dataset.compress(RLE, encoding_plugin="pydicom")
        stream = pydicom.encaps.get_frame(dataset.PixelData, 0, number_of_frames=1)
    elif syntax == JPEG + "90":
        stream = lossless_streams(values, 12)[syntax]
    else:
        stream = imagecodecs.jpeg8_encode(values, level=90, bitspersample=bits)
    at, end = len(stream) // 2, len(stream) - (0 if syntax == RLE else 2)
    damaged = {
        "lost": stream[:at] + stream[at + 90 :],
        "repeated": stream[:at] + stream[at - 90 :],
        "left over": stream[:end] + stream[end - 90 : end] + stream[end:],
    }
    whole = compress(content, syntax, stream)
    assert read(whole).pixels.shape == grey.shape
    assert reason(compress(content, syntax, damaged[damage])) is Reason.TRUNCATED
