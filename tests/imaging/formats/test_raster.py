"""JPEG, PNG and TIFF to grey: exact pixel values for each kind of picture, and the refusals of damaged files."""

import io
import struct
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from pneumoscope.imaging import Reason, Remark, read
from pneumoscope.imaging.formats.jpeg import MAX_SCANS
from pneumoscope.imaging.limits import MIN_SIDE

ORIENTATION = 0x0112


def pillow_grey(content):
    return np.asarray(Image.open(io.BytesIO(content)).convert("L"), dtype=np.float32)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 30}])
def test_a_grey_jpeg_decodes_as_pillow_does(grey, encode, options):
    content = encode(grey, "JPEG", **options)
    radiograph = read(content)
    assert radiograph.pixels.dtype == np.uint8
    np.testing.assert_array_equal(radiograph.pixels, pillow_grey(content))
    assert radiograph.encoding == "JPEG"


def test_a_real_film_decodes_as_pillow_does(real_films):
    path = sorted((real_films / "test" / "PNEUMONIA").iterdir())[0]
    np.testing.assert_array_equal(read(path).pixels, pillow_grey(path.read_bytes()))


@pytest.mark.parametrize("encoding", ["PNG", "TIFF"])
def test_8_bit_grey_is_kept(grey, encode, encoding):
    radiograph = read(encode(grey, encoding))
    np.testing.assert_array_equal(radiograph.pixels, grey)
    assert radiograph.encoding == encoding


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_deflate", "packbits", "tiff_adobe_deflate"])
def test_compressed_tiff_is_kept(grey, encode, compression):
    np.testing.assert_array_equal(read(encode(grey, "TIFF", compression=compression)).pixels, grey)


@pytest.mark.parametrize("encoding", ["PNG", "TIFF"])
def test_16_bit_grey_of_full_depth_is_scaled_by_257(grey, encode, encoding):
    deep = grey.astype(np.uint16) * 257
    np.testing.assert_allclose(read(encode(deep, encoding)).pixels, grey, atol=1e-4)


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_fewer_bits_in_a_16_bit_file_reach_white(encode, bits):
    stored = np.linspace(0, 2**bits - 1, 160 * 200).astype(np.uint16).reshape(160, 200)
    pixels = read(encode(stored, "PNG")).pixels
    np.testing.assert_allclose(pixels, stored * (255 / (2**bits - 1)), atol=1e-4)


def test_big_endian_tiff(grey):
    stored = grey.astype(">u2") * 257
    np.testing.assert_allclose(read(big_endian_tiff(stored)).pixels, grey, atol=1e-4)


def big_endian_tiff(stored):
    """A TIFF by hand, for Pillow writes none of this order: header, one IFD, one strip."""
    rows, columns = stored.shape
    tags = [(256, 4, columns), (257, 4, rows), (258, 3, 16 << 16), (259, 3, 1 << 16), (262, 3, 1 << 16)]
    tags += [(273, 4, 8 + 2 + 9 * 12 + 4), (277, 3, 1 << 16), (278, 4, rows), (279, 4, stored.nbytes)]
    entries = b"".join(struct.pack(">HHLL", tag, kind, 1, value) for tag, kind, value in tags)
    return b"MM\0*" + struct.pack(">LH", 8, len(tags)) + entries + bytes(4) + stored.tobytes()


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
@pytest.mark.parametrize("factor", [1, 257])
def test_a_tiff_whose_zero_is_white_is_inverted(grey, encode, factor, compression):
    # At 16 bits Pillow neither writes nor reads the inversion itself; at 8 it does both.
    stored = grey if factor == 1 else 65535 - grey.astype(np.uint16) * 257
    content = encode(stored, "TIFF", compression=compression, tiffinfo={262: 0})
    np.testing.assert_allclose(read(content).pixels, grey if factor == 257 else pillow_grey(content), atol=1e-2)


def test_colour_becomes_luma(grey, encode):
    colour = np.dstack([grey, grey.T[: grey.shape[0], :].repeat(2, axis=1)[:, : grey.shape[1]], grey[::-1]])
    expected = colour @ [0.299, 0.587, 0.114]
    np.testing.assert_allclose(read(encode(colour, "PNG")).pixels, expected, atol=0.51)


def test_a_palette_is_looked_up(grey, encode):
    image = Image.fromarray(255 - grey, "L").convert("P")
    image.putpalette([level for step in range(256) for level in [255 - step] * 3])
    np.testing.assert_array_equal(read(encode(image, "PNG")).pixels, grey)


def test_one_bit_shows_no_film(grey, encode, reason):
    assert reason(encode(Image.fromarray(grey > 100), "TIFF")) is Reason.UNSUPPORTED


@pytest.mark.parametrize("encoding", ["JPEG", "TIFF"])
def test_cmyk_ink_is_dark(grey, encode, encoding):
    ink = np.zeros((*grey.shape, 4), dtype=np.uint8)
    ink[..., 3] = 255 - grey
    content = encode(Image.fromarray(ink, "CMYK"), encoding, **({"quality": 100} if encoding == "JPEG" else {}))
    np.testing.assert_allclose(read(content).pixels, grey, atol=0 if encoding == "TIFF" else 3)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_composited_on_black(grey, encode, mode):
    opacity = np.full_like(grey, 51)
    layers = [grey] * (len(mode) - 1) + [opacity]
    image = Image.merge(mode, [Image.fromarray(layer) for layer in layers])
    np.testing.assert_allclose(read(encode(image, "PNG")).pixels, grey / 5, atol=1e-4)


def test_a_transparent_grey_level_becomes_black(grey, encode):
    expected = np.where(grey == 200, 0, grey)
    np.testing.assert_array_equal(read(encode(grey, "PNG", transparency=200)).pixels, expected)


@pytest.mark.parametrize(
    ("orientation", "upright"),
    [
        (1, lambda a: a),
        (2, np.fliplr),
        (3, lambda a: np.rot90(a, 2)),
        (4, np.flipud),
        (5, np.transpose),
        (6, lambda a: np.rot90(a, -1)),
        (7, lambda a: np.rot90(a, 2).T),
        (8, np.rot90),
    ],
)
@pytest.mark.parametrize("deep", [False, True])
def test_exif_orientation_is_applied(grey, encode, orientation, upright, deep):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stored = grey.astype(np.uint16) * 257 if deep else grey
    for encoding in ("PNG", "TIFF"):
        np.testing.assert_allclose(read(encode(stored, encoding, exif=exif)).pixels, upright(grey), atol=1e-4)


def test_exif_orientation_of_a_jpeg(grey, encode):
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    content = encode(grey, "JPEG", exif=exif)
    np.testing.assert_array_equal(read(content).pixels, np.rot90(pillow_grey(content), -1))


@pytest.mark.parametrize("encoding", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.999])
def test_a_cut_file_is_truncated(grey, encode, reason, encoding, share):
    content = encode(grey, encoding)
    assert reason(content[: int(len(content) * share)]) is Reason.TRUNCATED


def test_a_jpeg_whose_tail_was_lost_to_zeros_is_truncated(grey, encode, reason):
    content = encode(grey, "JPEG")
    half = len(content) // 2
    assert reason(content[:half] + bytes(len(content) - half)) is Reason.TRUNCATED


def test_a_png_with_a_wrong_checksum_is_refused(grey, encode, reason):
    content = bytearray(encode(grey, "PNG", compress_level=0))
    content[len(content) // 2] ^= 1
    assert reason(bytes(content)) is Reason.TRUNCATED


def png_declaring(width, height):
    chunk = b"IHDR" + struct.pack(">LLBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">L", 13) + chunk + struct.pack(">L", zlib.crc32(chunk)) + bytes(64)


def test_a_decompression_bomb_is_refused_at_once(reason):
    start = time.perf_counter()
    assert reason(png_declaring(60_000, 60_000)) is Reason.TOO_LARGE
    assert time.perf_counter() - start < 0.5


@pytest.mark.parametrize(("width", "height"), [(MIN_SIDE - 1, 500), (500, MIN_SIDE - 1)])
def test_a_thumbnail_is_too_small(encode, reason, width, height):
    picture = np.linspace(0, 255, width * height).reshape(height, width).astype(np.uint8)
    assert reason(encode(picture, "PNG")) is Reason.TOO_SMALL


def test_the_smallest_picture_passes(encode):
    picture = np.linspace(0, 255, MIN_SIDE**2).reshape(MIN_SIDE, MIN_SIDE).astype(np.uint8)
    assert read(encode(picture, "PNG")).pixels.shape == (MIN_SIDE, MIN_SIDE)


@pytest.mark.parametrize("encoding", ["PNG", "TIFF"])
def test_several_frames_are_refused(grey, encode, reason, encoding):
    second = Image.fromarray(grey[::-1].copy())
    assert reason(encode(grey, encoding, save_all=True, append_images=[second])) is Reason.MULTIPLE_FRAMES


@pytest.mark.parametrize("mode", ["F", "LAB"])
def test_pixels_without_a_known_range_are_unsupported(grey, encode, reason, mode):
    image = Image.fromarray(grey).convert("F") if mode == "F" else Image.merge("LAB", [Image.fromarray(grey)] * 3)
    assert reason(encode(image, "TIFF")) is Reason.UNSUPPORTED


def test_32_bit_integers_are_unsupported(grey, encode, reason):
    assert reason(encode(grey.astype(np.int32) * 1000, "TIFF")) is Reason.UNSUPPORTED


@pytest.mark.parametrize("encoding", ["JPEG", "PNG", "TIFF"])
def test_damaged_bytes_are_read_or_refused_but_never_raise_otherwise(grey, encode, refused_of_damaged, encoding):
    assert refused_of_damaged(encode(grey, encoding), tries=150, reach=600, changes=8) > 40


def test_what_follows_the_end_of_a_jpeg_is_not_looked_at(grey, encode):
    """Phones put a film of moving pictures behind a picture, and its scan marks have no end mark."""
    content = encode(grey, "JPEG")
    moving = b"\0\0\0\x18ftypmp42" + bytes(500) + b"\xff\xda" + bytes(500)
    np.testing.assert_array_equal(read(content + moving).pixels, read(content).pixels)


def test_a_jpeg_of_many_scans_is_refused_before_it_is_decoded(grey, encode, reason):
    content = encode(grey, "JPEG", progressive=True)
    at = content.index(b"\xff\xda")
    end = content.index(b"\xff\xc4", at)  # the first scan ends where the tables of the second begin
    assert read(content).pixels.shape == grey.shape
    assert reason(content[:at] + MAX_SCANS * content[at:end] + content[at:]) is Reason.UNSUPPORTED


@pytest.mark.parametrize("kind", [b"zTXt", b"tEXt", b"iCCP"])
def test_large_texts_in_a_png_do_not_matter(grey, encode, kind):
    content = encode(grey, "PNG")
    body = b"note\0\0" + zlib.compress(bytes(3_000_000)) if kind != b"tEXt" else b"note\0" + b"x" * 3_000_000
    chunk = struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))
    after_header = 8 + 25
    padded = content[:after_header] + chunk + content[after_header:]
    np.testing.assert_array_equal(read(padded).pixels, read(content).pixels)


@pytest.mark.parametrize("bits", [10, 12])
@pytest.mark.parametrize("marker", [True, False])
def test_a_burnt_in_marker_does_not_change_the_depth(grey, encode, bits, marker):
    """Marks are often 65,535 in a picture of 12 bits, which would be nearly black then."""
    white = 2**bits - 1
    values = (grey.astype(np.uint32) * white // 255).astype(np.uint16)
    if marker:
        values[:12, :20] = 65535
    radiograph = read(encode(values, "PNG"))
    np.testing.assert_allclose(radiograph.pixels, np.minimum(values.astype(float) / white, 1) * 255, atol=1e-3)
    assert Remark.BIT_DEPTH_INFERRED in radiograph.remarks
