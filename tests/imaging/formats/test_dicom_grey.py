"""DICOM's stored values to the greys that a viewer shows: exact values through every step."""

import io

import numpy as np
import pytest

from pneumoscope.imaging import Remark, read
from pneumoscope.imaging.formats.dicom import decode

pydicom = pytest.importorskip("pydicom", reason="the extra 'dicom' is not installed")

WINDOW = {"WindowCenter": 100, "WindowWidth": 101}


def lookup_table(entries, first, bits, signed=False):
    item = pydicom.Dataset()
    item.add_new("LUTDescriptor", "SS" if signed else "US", [len(entries) % 65536, first, bits])
    item.add_new("LUTData", "US", [int(entry) for entry in entries])
    return pydicom.Sequence([item])


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
def test_a_lut_stored_as_bytes_follows_the_byte_order(make_dicom, stored, saved, order):
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


def test_windows_with_a_decimal_comma_or_a_gap(make_dicom, stored):
    content = make_dicom(stored, 12, WindowCenter=2048.5, WindowWidth=4096.5)
    expected = read(content).pixels
    comma = content.replace(b"2048.5", b"2048,5").replace(b"4096.5", b"4096,5")
    assert comma != content
    np.testing.assert_array_equal(read(comma).pixels, expected)
    assert Remark.NO_WINDOW not in read(comma).remarks
    gap = make_dicom(stored, 12, WindowCenter=["", 2048.5], WindowWidth=["", 4096.5])
    np.testing.assert_array_equal(read(gap).pixels, expected)
