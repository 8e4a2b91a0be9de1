"""DICOM to grey: exact pixel values through every step, and the refusals that only DICOM knows."""

import builtins
import io

import numpy as np
import pytest

from pneumoscope.imaging import NotAssessedError, Reason, Remark, read
from pneumoscope.imaging.formats.dicom import decode

pydicom = pytest.importorskip("pydicom", reason="the extra 'dicom' is not installed")
imagecodecs = pytest.importorskip("imagecodecs", reason="the extra 'dicom' is not installed")

RLE = "1.2.840.10008.1.2.5"
JPEG = "1.2.840.10008.1.2.4."
WINDOW = {"WindowCenter": 100, "WindowWidth": 101}
CT = "1.2.840.10008.5.1.4.1.1.2"


def lookup_table(entries, first, bits, signed=False):
    item = pydicom.Dataset()
    item.add_new("LUTDescriptor", "SS" if signed else "US", [len(entries) % 65536, first, bits])
    item.add_new("LUTData", "US", [int(entry) for entry in entries])
    return pydicom.Sequence([item])


@pytest.fixture(scope="module")
def stored():
    """Twelve bits over their full range."""
    return np.linspace(0, 4095, 160 * 200).astype(np.uint16).reshape(160, 200)


def test_without_a_window_the_image_own_range_becomes_0_to_255(make_dicom, stored):
    radiograph = read(make_dicom(stored // 2 + 100, 12))
    values = (stored // 2).astype(float)
    np.testing.assert_allclose(radiograph.pixels, values * 255 / values.max(), atol=1e-3)
    assert (radiograph.encoding, radiograph.pixels.dtype) == ("DICOM", np.float32)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_every_depth_reaches_black_and_white(make_dicom, bits):
    values = np.linspace(0, 2**bits - 1, 160 * 200).reshape(160, 200).astype(np.uint8 if bits == 8 else np.uint16)
    np.testing.assert_allclose(read(make_dicom(values, bits)).pixels, values * (255 / (2**bits - 1)), atol=1e-3)


def test_monochrome1_is_the_inverse_of_monochrome2(make_dicom, stored):
    plain = decode(make_dicom(stored, 12, **WINDOW)).pixels
    inverse = decode(make_dicom(stored, 12, **WINDOW, PhotometricInterpretation="MONOCHROME1")).pixels
    np.testing.assert_allclose(inverse, 255 - plain, atol=1e-3)
    assert (plain[0, 0], inverse[0, 0]) == (0, 255)


@pytest.mark.parametrize(
    ("photometric", "shape", "inverted"),
    [
        ("MONOCHROME1", "INVERSE", True),  # the pair the standard asks for: one inversion, not two
        ("MONOCHROME1", "IDENTITY", True),
        ("MONOCHROME2", "INVERSE", True),
        ("MONOCHROME2", "IDENTITY", False),
    ],
)
def test_presentation_lut_shape_inverts_once(make_dicom, stored, photometric, shape, inverted):
    pixels = read(make_dicom(stored, 12, PhotometricInterpretation=photometric, PresentationLUTShape=shape)).pixels
    assert (pixels[0, 0], pixels[-1, -1]) == ((255, 0) if inverted else (0, 255))


def test_signed_values(make_dicom):
    values = np.linspace(-2048, 2047, 160 * 200).reshape(160, 200).astype(np.int16)
    pixels = read(make_dicom(values, 12)).pixels
    np.testing.assert_allclose(pixels, (values + 2048.0) * 255 / 4095, atol=1e-3)


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID", None])
@pytest.mark.parametrize(("slope", "intercept"), [(1, 0), (2, -1000), (0.25, 10)])
def test_a_window_gives_what_pydicom_gives(make_dicom, stored, function, slope, intercept):
    elements = {"WindowCenter": 1200, "WindowWidth": 900, "RescaleSlope": slope, "RescaleIntercept": intercept}
    content = make_dicom(stored, 12, **elements, **({"VOILUTFunction": function} if function else {}))
    dataset = pydicom.dcmread(io.BytesIO(content))
    output = pydicom.pixels.apply_windowing(pydicom.pixels.apply_modality_lut(stored, dataset), dataset)
    black, white = intercept, 4095 * slope + intercept  # the output range, PS3.3 C.11.2.1.2
    np.testing.assert_allclose(decode(content).pixels, (output - black) / (white - black) * 255, atol=2e-2)


def test_a_linear_window_by_hand(make_dicom):
    values = np.tile(np.arange(200, dtype=np.uint8), (160, 1))
    pixels = read(make_dicom(values, **WINDOW)).pixels[0]
    # PS3.3 C.11.2.1.2.1: black up to c - 0.5 - (w - 1) / 2, white above c - 0.5 + (w - 1) / 2
    assert (pixels[49], pixels[50], pixels[149], pixels[150]) == (0, pytest.approx(1.275), pytest.approx(253.725), 255)


def test_the_range_of_the_window_counts_and_not_that_of_the_image(make_dicom, stored):
    pixels = read(make_dicom(stored // 4, 12, WindowCenter=2048, WindowWidth=4096)).pixels
    assert pixels.max() == pytest.approx(1023 / 4095 * 255, abs=1e-2)


def test_a_negative_slope_inverts_what_the_window_sees(make_dicom, stored):
    pixels = read(make_dicom(stored, 12, WindowCenter=2048, WindowWidth=4096, RescaleSlope=-1, RescaleIntercept=4095))
    np.testing.assert_allclose(pixels.pixels, (4095 - stored.astype(float)) * 255 / 4095, atol=1e-2)


def test_the_first_of_several_windows_is_taken(make_dicom, stored):
    several = decode(make_dicom(stored, 12, WindowCenter=[100, 3000], WindowWidth=[101, 500])).pixels
    np.testing.assert_array_equal(several, decode(make_dicom(stored, 12, **WINDOW)).pixels)


@pytest.mark.parametrize("width", [0, -5, ""])
def test_a_window_the_standard_forbids_is_left_out(make_dicom, stored, width):
    without = read(make_dicom(stored, 12)).pixels
    np.testing.assert_array_equal(read(make_dicom(stored, 12, WindowCenter=100, WindowWidth=width)).pixels, without)


def test_a_window_of_width_1_is_a_step(make_dicom, stored):
    pixels = decode(make_dicom(stored, 12, WindowCenter=1000, WindowWidth=1)).pixels
    np.testing.assert_array_equal(pixels, np.where(stored >= 1000, 255, 0))


def test_a_voi_lut_is_looked_up_and_goes_before_the_window(make_dicom, stored):
    table = np.round(4095 * (np.arange(4096) / 4095) ** 2)
    content = make_dicom(stored, 12, VOILUTSequence=lookup_table(table, 0, 12), **WINDOW)
    np.testing.assert_allclose(read(content).pixels, table[stored] * 255 / 4095, atol=1e-3)


@pytest.mark.parametrize(("bits", "white"), [(8, 255), (16, 65535)])
def test_a_voi_lut_of_other_depths_starting_elsewhere(make_dicom, stored, bits, white):
    table = np.linspace(0, white, 1001).astype(int)
    content = make_dicom(stored, 12, VOILUTSequence=lookup_table(table, 500, bits))
    expected = table[np.clip(stored.astype(int) - 500, 0, 1000)] * (255 / white)
    np.testing.assert_allclose(decode(content).pixels, expected, atol=1e-3)


def test_a_voi_lut_after_rescale_takes_negative_values(make_dicom, stored):
    signed = stored.astype(np.int16)
    table = np.arange(4096)
    elements = {"RescaleSlope": 1, "RescaleIntercept": -1024}
    sequence = lookup_table(table, -1024, 12, signed=True)
    pixels = read(make_dicom(signed, 16, **elements, VOILUTSequence=sequence)).pixels
    np.testing.assert_allclose(pixels, stored * (255 / 4095), atol=1e-3)


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_a_modality_lut_comes_first(make_dicom, stored, bits):
    table = (2**bits - 1) - np.arange(4096) * (2**bits - 1) // 4095
    pixels = read(make_dicom(stored, 12, ModalityLUTSequence=lookup_table(table, 0, bits))).pixels
    np.testing.assert_allclose(pixels, table[stored] * (255 / (2**bits - 1)), atol=1e-3)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_lut_stored_as_bytes_follows_the_byte_order(make_dicom, stored, order):
    table = np.arange(4095, -1, -1)
    sequence = lookup_table(table, 0, 12)
    sequence[0].add_new("LUTData", "OW", table.astype("<u2").tobytes())
    content = make_dicom(stored, 12, VOILUTSequence=sequence)
    if order == ">":
        dataset = pydicom.dcmread(io.BytesIO(content))
        dataset.VOILUTSequence[0].LUTData = table.astype(">u2").tobytes()
        dataset.PixelData = stored.astype(">u2").tobytes()
        content = saved(dataset, pydicom.uid.ExplicitVRBigEndian)
    np.testing.assert_allclose(read(content).pixels, (4095.0 - stored) * 255 / 4095, atol=1e-3)


def test_padding_is_black_and_does_not_stretch_the_range(make_dicom, stored):
    values = np.clip(stored, 1000, 2000)
    values[:10] = 4000
    content = make_dicom(values, 12, PixelPaddingValue=4000, PhotometricInterpretation="MONOCHROME1")
    pixels = decode(content).pixels
    assert (pixels[:10] == 0).all()
    np.testing.assert_allclose(pixels[10:], (2000.0 - values[10:]) * 255 / 1000, atol=1e-2)


@pytest.mark.parametrize("unused", [0x1000, 0x9000])
def test_unused_high_bits_that_are_the_same_everywhere_are_ignored(make_dicom, stored, unused):
    np.testing.assert_array_equal(read(make_dicom(stored | unused, 12)).pixels, read(make_dicom(stored, 12)).pixels)


def test_overlay_planes_in_the_unused_bits_are_ignored(make_dicom, reason, stored):
    marked = stored.copy()
    marked[:50, :50] |= 0x2000
    content = make_dicom(marked, 12)
    assert reason(content) is Reason.CONTRADICTORY
    dataset = pydicom.dcmread(io.BytesIO(content))
    dataset.add_new(0x60000102, "US", 13)
    file = io.BytesIO()
    dataset.save_as(file)
    np.testing.assert_array_equal(read(file.getvalue()).pixels, read(make_dicom(stored, 12)).pixels)


def test_a_sign_may_fill_the_unused_bits(make_dicom):
    values = np.linspace(-2048, 2047, 160 * 200).reshape(160, 200).astype(np.int16)
    low = (values & 0x0FFF).astype(np.int16)
    np.testing.assert_array_equal(read(make_dicom(values, 12)).pixels, read(make_dicom(low, 12)).pixels)


def test_values_at_the_upper_end_of_a_word_are_read_by_the_high_bit(make_dicom, stored):
    content = make_dicom(stored << 4, 12, HighBit=15)
    np.testing.assert_array_equal(read(content).pixels, read(make_dicom(stored, 12)).pixels)


def test_a_picture_of_16_bits_under_a_header_of_12_contradicts_it(make_dicom, compress, reason, stored):
    deep = (stored * 16).astype(np.uint16)
    assert reason(make_dicom(deep, 12)) is Reason.CONTRADICTORY
    for syntax, stream in lossless_streams(deep, 16).items():
        assert reason(compress(make_dicom(stored, 12), syntax, stream)) is Reason.CONTRADICTORY


@pytest.mark.parametrize("keyword", ["SamplesPerPixel", "PixelRepresentation", "HighBit"])
def test_elements_that_can_have_one_value_only_may_be_left_out(make_dicom, stored, keyword):
    content = make_dicom(stored, 12)
    np.testing.assert_array_equal(read(make_dicom(stored, 12, **{keyword: None})).pixels, read(content).pixels)


def test_windows_with_a_decimal_comma_or_a_gap(make_dicom, stored):
    content = make_dicom(stored, 12, WindowCenter=2048.5, WindowWidth=4096.5)
    expected = read(content).pixels
    comma = content.replace(b"2048.5", b"2048,5").replace(b"4096.5", b"4096,5")
    assert comma != content
    np.testing.assert_array_equal(read(comma).pixels, expected)
    assert Remark.NO_WINDOW not in read(comma).remarks
    gap = make_dicom(stored, 12, WindowCenter=["", 2048.5], WindowWidth=["", 4096.5])
    np.testing.assert_array_equal(read(gap).pixels, expected)


def colour_dicom(make_dicom, colours):
    """A DICOM of three samples; colours (Rows, Columns, 3) uint8."""
    dataset = pydicom.dcmread(io.BytesIO(make_dicom(colours[..., 0])))
    dataset.PhotometricInterpretation, dataset.SamplesPerPixel, dataset.PlanarConfiguration = "RGB", 3, 0
    dataset.PixelData = colours.tobytes()
    file = io.BytesIO()
    dataset.save_as(file)
    return file.getvalue()


def test_a_grey_film_stored_as_colour_is_read_and_a_colour_is_not(make_dicom, reason, grey):
    colours = np.repeat(grey[..., None], 3, axis=2)
    np.testing.assert_array_equal(read(colour_dicom(make_dicom, colours)).pixels, read(make_dicom(grey)).pixels)
    colours[5, 5, 0] ^= 1
    assert reason(colour_dicom(make_dicom, colours)) is Reason.UNSUPPORTED


def test_a_grey_palette_is_looked_up(make_dicom, grey):
    dataset = pydicom.dcmread(io.BytesIO(make_dicom(grey)))
    dataset.PhotometricInterpretation = "PALETTE COLOR"
    table = (np.arange(255, -1, -1, dtype=np.uint16) * 257).astype("<u2").tobytes()
    for colour in range(3):
        dataset.add_new(0x00281101 + colour, "US", [256, 0, 16])
        dataset.add_new(0x00281201 + colour, "OW", table)
    file = io.BytesIO()
    dataset.save_as(file)
    pixels = read(file.getvalue()).pixels
    low, high = int(grey.min()), int(grey.max())
    np.testing.assert_allclose(pixels, (high - grey.astype(float)) * 255 / (high - low), atol=1e-2)


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


def test_a_picture_in_the_preamble_does_not_hide_the_dicom(make_dicom, stored):
    content = make_dicom(stored, 12)
    both = b"II*\0" + bytes(124) + content[128:]
    assert read(both).encoding == "DICOM"


def saved(dataset, syntax):
    """Save under another uncompressed transfer syntax."""
    dataset.file_meta.TransferSyntaxUID = syntax
    file = io.BytesIO()
    little = syntax != pydicom.uid.ExplicitVRBigEndian
    pydicom.dcmwrite(file, dataset, implicit_vr=syntax.is_implicit_VR, little_endian=little, enforce_file_format=True)
    return file.getvalue()


def test_implicit_little_endian(make_dicom, stored):
    content = make_dicom(stored, 12)
    implicit = saved(pydicom.dcmread(io.BytesIO(content)), pydicom.uid.ImplicitVRLittleEndian)
    np.testing.assert_array_equal(read(implicit).pixels, read(content).pixels)


@pytest.mark.parametrize("implicit", [True, False])
def test_files_without_preamble_and_meta_header(make_dicom, stored, implicit):
    content = make_dicom(stored, 12)
    dataset = pydicom.dcmread(io.BytesIO(content))
    del dataset.file_meta
    file = io.BytesIO()
    pydicom.dcmwrite(file, dataset, implicit_vr=implicit, little_endian=True)
    np.testing.assert_array_equal(read(file.getvalue()).pixels, read(content).pixels)


def lossless_streams(values, bits):
    """The same picture in every lossless code stream, by transfer syntax."""
    return {
        JPEG + "57": imagecodecs.jpeg8_encode(values, lossless=True, predictor=4, bitspersample=bits),
        JPEG + "70": imagecodecs.jpeg8_encode(values, lossless=True, predictor=1, bitspersample=bits),
        JPEG + "80": imagecodecs.jpegls_encode(values),
        JPEG + "90": imagecodecs.jpeg2k_encode(values, reversible=True, codecformat="j2k", bitspersample=bits),
    }


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


@pytest.mark.parametrize("elements", [{"Modality": "CT"}, {"Modality": "MG"}, {"Modality": None, "SOPClassUID": CT}])
def test_other_modalities_are_no_radiographs(make_dicom, reason, stored, elements):
    assert reason(make_dicom(stored, 12, **elements)) is Reason.NOT_A_RADIOGRAPH


@pytest.mark.parametrize("modality", ["CR", "DX", "RG", "DR", "XR", None, ""])
def test_radiographs_pass_with_or_without_a_modality(make_dicom, stored, modality):
    assert read(make_dicom(stored, 12, Modality=modality)).pixels.shape == stored.shape


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"PixelData": None}, Reason.NO_PIXEL_DATA),
        ({"PixelData": b""}, Reason.NO_PIXEL_DATA),
        ({"Rows": 60_000, "Columns": 60_000}, Reason.TOO_LARGE),
        ({"Rows": 64}, Reason.TOO_SMALL),
        ({"NumberOfFrames": 2}, Reason.MULTIPLE_FRAMES),
        ({"PhotometricInterpretation": "YBR_FULL", "SamplesPerPixel": 3}, Reason.UNSUPPORTED),
        ({"PhotometricInterpretation": "RGB", "SamplesPerPixel": 1}, Reason.UNSUPPORTED),
        ({"BitsAllocated": 32}, Reason.UNSUPPORTED),
        ({"PresentationIntentType": "FOR PROCESSING"}, Reason.UNSUPPORTED),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1.1"}, Reason.UNSUPPORTED),
        ({"Rows": 161}, Reason.TRUNCATED),
        ({"Rows": None}, Reason.TRUNCATED),
        ({"WindowCenter": 30_000, "WindowWidth": 10}, Reason.BLANK),
        ({"WindowCenter": 32_768, "WindowWidth": 65_536}, Reason.BLANK),
        ({"WindowCenter": 2_048, "WindowWidth": 200}, Reason.BLANK),
        ({"HighBit": 10}, Reason.CONTRADICTORY),
        ({"HighBit": 16}, Reason.CONTRADICTORY),
        ({"BitsStored": 10, "HighBit": 9}, Reason.CONTRADICTORY),
    ],
)
def test_pictures_that_are_refused(make_dicom, reason, stored, elements, expected):
    assert reason(make_dicom(stored, 12, **elements)) is expected


def test_video_is_unsupported(make_dicom, compress, reason, grey):
    assert reason(compress(make_dicom(grey), JPEG + "102", b"\0\0")) is Reason.UNSUPPORTED


def deflated(content, padding=0):
    dataset = pydicom.dcmread(io.BytesIO(content))
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
    dataset.add_new(0x00091001, "OB", bytes(padding))
    file = io.BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()


def test_a_deflated_data_set_is_inflated(make_dicom, reason, stored):
    content = make_dicom(stored, 12)
    np.testing.assert_array_equal(read(deflated(content)).pixels, read(content).pixels)
    assert reason(deflated(content)[:-2000]) is Reason.TRUNCATED


def test_a_deflated_bomb_is_refused(make_dicom, reason, grey, monkeypatch):
    monkeypatch.setattr("pneumoscope.imaging.formats.dicom_file.MAX_BYTES", 100_000)
    monkeypatch.setattr("pneumoscope.imaging.limits.MAX_BYTES", 100_000)
    content = deflated(make_dicom(grey), padding=1_000_000)
    assert len(content) < 100_000
    assert reason(content) is Reason.UNREADABLE


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.99])
def test_a_cut_file_is_truncated(make_dicom, compress, reason, grey, compressed, share):
    content = make_dicom(grey)
    if compressed:
        content = compress(content, JPEG + "70", imagecodecs.jpeg8_encode(grey, lossless=True))
    assert reason(content[: int(len(content) * share)]) is Reason.TRUNCATED


def test_a_file_cut_within_its_header_is_truncated(make_dicom, reason, stored):
    content = make_dicom(stored, 12)
    at = content.index(b"Secret") + 4
    assert reason(content[:at]) is Reason.TRUNCATED


def test_a_refusal_quotes_nothing_from_the_file_and_warns_of_nothing(make_dicom, grey, recwarn, capfd):
    content = make_dicom(grey).replace(b"Secret^Person", b"Secret^\xff\xfe\x80son").replace(b"US", b"UI")
    with pytest.raises(NotAssessedError) as refusal:
        read(content)
    assert "Secret" not in str(refusal.value)
    assert refusal.value.__cause__ is None
    assert (len(recwarn), capfd.readouterr()) == (0, ("", ""))


def test_without_the_optional_part_the_refusal_names_the_remedy(make_dicom, grey, monkeypatch):
    content = make_dicom(grey)
    genuine = builtins.__import__

    def without_pydicom(name, *arguments, **keywords):
        if name == "pydicom":
            raise ImportError(name)
        return genuine(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", without_pydicom)
    with pytest.raises(NotAssessedError, match=r"pip install 'pneumoscope\[dicom\]'") as refusal:
        read(content)
    assert refusal.value.refusal.reason is Reason.UNSUPPORTED


@pytest.mark.parametrize("syntax", [None, JPEG + "50", JPEG + "70", JPEG + "80", JPEG + "90"])
def test_damaged_bytes_are_read_or_refused_but_never_raise_otherwise(
    make_dicom, compress, grey, refused_of_damaged, syntax
):
    whole = make_dicom(grey, **WINDOW)
    if syntax:
        stream = lossless_streams(grey, 8).get(syntax) or imagecodecs.jpeg8_encode(grey)
        whole = compress(whole, syntax, stream)
    assert refused_of_damaged(whole, tries=120, reach=1200, changes=6) > 40
