"""DICOM to grey: exact pixel values through every step, and the refusals that only DICOM knows."""

import builtins
import io

import numpy as np
import pytest

from pneumoscope.imaging import NotAssessedError, Reason, read

pydicom = pytest.importorskip("pydicom", reason="the extra 'dicom' is not installed")
imagecodecs = pytest.importorskip("imagecodecs", reason="the extra 'dicom' is not installed")

RLE = "1.2.840.10008.1.2.5"
WINDOW = {"WindowCenter": 100, "WindowWidth": 101}
CT = "1.2.840.10008.5.1.4.1.1.2"


def test_signed_values(make_dicom):
    values = np.linspace(-2048, 2047, 160 * 200).reshape(160, 200).astype(np.int16)
    pixels = read(make_dicom(values, 12)).pixels
    np.testing.assert_allclose(pixels, (values + 2048.0) * 255 / 4095, atol=1e-3)


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


@pytest.mark.parametrize("keyword", ["SamplesPerPixel", "PixelRepresentation", "HighBit"])
def test_elements_that_can_have_one_value_only_may_be_left_out(make_dicom, stored, keyword):
    content = make_dicom(stored, 12)
    np.testing.assert_array_equal(read(make_dicom(stored, 12, **{keyword: None})).pixels, read(content).pixels)


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


def test_a_picture_in_the_preamble_does_not_hide_the_dicom(make_dicom, stored):
    content = make_dicom(stored, 12)
    both = b"II*\0" + bytes(124) + content[128:]
    assert read(both).encoding == "DICOM"


def test_implicit_little_endian(make_dicom, stored, saved):
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


@pytest.mark.parametrize("behind", [b"\x12\x34\x56\x78" * 40, bytes(512)], ids=["bytes", "zeros"])
def test_what_follows_the_pixels_tells_whether_bytes_went_in(make_dicom, reason, stored, behind):
    content = make_dicom(stored, 12)
    at = len(content) // 2
    assert reason(content[:at] + content[at : at + 100] + content[at:]) is Reason.TRUNCATED
    if any(behind):
        assert reason(content + behind) is Reason.TRUNCATED
    else:
        np.testing.assert_array_equal(read(content + behind).pixels, read(content).pixels)


def test_pixels_of_another_number_of_rows_contradict_the_header(make_dicom, reason, stored):
    assert reason(make_dicom(stored, 12, Rows=len(stored) - 20)) is Reason.CONTRADICTORY
