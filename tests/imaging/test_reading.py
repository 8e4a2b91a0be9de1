"""Sources other than well-formed files: what is refused and why, and arrays."""

import hashlib
import io
import os

import numpy as np
import pytest
from PIL import Image

from pneumoscope.imaging import NotAssessedError, Reason, Remark, read
from pneumoscope.imaging import limits as gate


def test_a_path_a_string_and_the_bytes_give_the_same_radiograph(grey, encode, tmp_path):
    content = encode(grey, "JPEG")
    path = tmp_path / "film.jpeg"
    path.write_bytes(content)
    for source in (path, str(path), content):
        radiograph = read(source)
        np.testing.assert_array_equal(radiograph.pixels, read(content).pixels)
        assert radiograph.sha256 == hashlib.sha256(content).hexdigest()


def test_the_name_does_not_decide_what_a_file_is(grey, encode, tmp_path):
    path = tmp_path / "film.dcm"
    path.write_bytes(encode(grey, "PNG"))
    assert read(path).encoding == "PNG"


def test_a_missing_file(reason, tmp_path):
    assert reason(tmp_path / "absent.png") is Reason.NOT_FOUND


def test_a_path_through_a_file(reason, tmp_path):
    (tmp_path / "film").write_bytes(b"x")
    assert reason(tmp_path / "film" / "inner.png") is Reason.NOT_FOUND


def test_an_impossible_path(reason):
    assert reason("film\0.png") is Reason.NOT_FOUND


def test_a_directory(reason, tmp_path):
    assert reason(tmp_path) is Reason.UNREADABLE


def test_a_device(reason):
    assert reason("/dev/zero") is Reason.UNREADABLE


def test_a_name_too_long_for_the_system(reason):
    assert reason("x" * 5000) is Reason.UNREADABLE


def test_an_empty_file(reason, tmp_path):
    (tmp_path / "film.png").touch()
    assert reason(tmp_path / "film.png") is Reason.EMPTY
    assert reason(b"") is Reason.EMPTY


def test_a_file_over_the_limit_is_not_read(reason, tmp_path):
    path = tmp_path / "huge.tiff"
    with path.open("wb") as file:
        file.truncate(gate.MAX_BYTES + 1)  # sparse: takes no space
    assert reason(path) is Reason.UNREADABLE


@pytest.mark.parametrize("content", [b"not an image\n" * 50, b"\x89PNG", bytes(500), b"\x02"])
def test_other_content_is_no_image(reason, content, tmp_path):
    path = tmp_path / "text.jpeg"
    path.write_bytes(content)
    assert reason(path) is Reason.NOT_AN_IMAGE


@pytest.mark.parametrize("encoding", ["BMP", "GIF", "WebP"])
def test_pictures_of_other_formats_are_named(reason, grey, encode, encoding):
    assert reason(encode(Image.fromarray(grey), encoding)) is Reason.UNSUPPORTED


@pytest.mark.parametrize("spread", [0, 5])
def test_a_blank_picture(encode, reason, spread):
    flat = np.full((200, 200), 90, dtype=np.uint8)
    flat[:100] += spread
    assert reason(encode(flat, "PNG")) is Reason.BLANK


def test_a_refusal_says_what_to_do_and_carries_its_code(tmp_path):
    with pytest.raises(NotAssessedError, match=r"not_an_image: .*export it again") as refusal:
        read(b"plain text")
    assert refusal.value.exit_code == 3


def test_a_refusal_names_the_file_but_its_detail_does_not(tmp_path):
    path = tmp_path / "Secret^Person.dcm"
    with pytest.raises(NotAssessedError) as refusal:
        read(path)
    assert str(path) in str(refusal.value)
    assert "Secret" not in refusal.value.refusal.detail


def test_a_file_without_permission(reason, tmp_path):
    path = tmp_path / "film.png"
    path.write_bytes(b"x")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read every file")
    assert reason(path) is Reason.UNREADABLE


def test_uint8_array(grey):
    radiograph = read(grey)
    np.testing.assert_array_equal(radiograph.pixels, grey)
    assert (radiograph.encoding, radiograph.sha256) == ("array", hashlib.sha256(grey.tobytes()).hexdigest())


@pytest.mark.parametrize("white", [1023, 4095, 16383, 65535])
def test_uint16_array(white):
    stored = np.linspace(0, white, 200 * 160).astype(np.uint16).reshape(160, 200)
    np.testing.assert_allclose(read(stored).pixels, stored * (255 / white), atol=1e-3)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_float_array_of_either_range(grey, dtype):
    np.testing.assert_allclose(read((grey / 255).astype(dtype)).pixels, grey, atol=0.1)
    np.testing.assert_allclose(read(grey.astype(dtype)).pixels, grey, atol=0.1)


def test_a_radiograph_read_again_is_the_same(grey, encode):
    pixels = read(encode(grey, "PNG")).pixels
    np.testing.assert_array_equal(read(pixels).pixels, pixels)


def test_colour_array(grey):
    colour = np.dstack([np.clip(grey.astype(int) + tint, 0, 255) for tint in (-12, 0, 20)]).astype(np.uint8)
    expected = colour @ [0.299, 0.587, 0.114]
    np.testing.assert_allclose(read(colour).pixels, expected, atol=0.51)
    np.testing.assert_allclose(read(colour / 255).pixels, expected, atol=1e-3)
    np.testing.assert_allclose(read(colour.astype(np.uint16) * 257).pixels, expected, atol=1e-3)


@pytest.mark.parametrize("scale", [np.uint8(1), np.uint16(257), 1 / 255])
def test_an_array_in_colour_is_no_radiograph(grey, scale):
    with pytest.raises(NotAssessedError, match="in colour"):
        read(np.dstack([grey, grey[::-1], grey[:, ::-1]]) * scale)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.zeros((200,), np.uint8), Reason.UNSUPPORTED),
        (np.zeros((3, 200, 200), np.uint8), Reason.UNSUPPORTED),
        (np.zeros((200, 200, 4), np.uint8), Reason.UNSUPPORTED),
        (np.zeros((200, 200), np.int64), Reason.UNSUPPORTED),
        (np.zeros((200, 200), bool), Reason.UNSUPPORTED),
        (np.array([[None] * 200] * 200), Reason.UNSUPPORTED),
        (np.linspace(-1, 1, 40_000).reshape(200, 200), Reason.UNSUPPORTED),
        (np.linspace(0, 4095, 40_000).reshape(200, 200), Reason.UNSUPPORTED),
        (np.full((200, 200), np.nan), Reason.UNSUPPORTED),
        (np.zeros((0, 200), np.uint8), Reason.EMPTY),
        (np.zeros((20, 20), np.uint8), Reason.TOO_SMALL),
        (np.broadcast_to(np.uint8(0), (60_000, 60_000)), Reason.TOO_LARGE),
        (np.zeros((200, 200), np.float32), Reason.BLANK),
    ],
)
def test_arrays_that_are_refused(reason, values, expected):
    assert reason(values) is expected


def test_every_kind_of_source_gives_the_same_radiograph(grey, encode, tmp_path):
    content = encode(grey, "PNG")
    path = tmp_path / "film.png"
    path.write_bytes(content)
    with path.open("rb") as file:
        sources = [path, content, bytearray(content), memoryview(content), io.BytesIO(content), file]
        radiographs = [read(source) for source in sources]
    for radiograph in [*radiographs, read(grey), read(Image.open(path)), read(Image.fromarray(grey))]:
        np.testing.assert_array_equal(radiograph.pixels, grey)
    assert {radiograph.sha256 for radiograph in radiographs} == {hashlib.sha256(content).hexdigest()}


def test_a_dataset_reads_as_its_file(grey, make_dicom):
    pydicom = pytest.importorskip("pydicom")
    content = make_dicom(grey.astype(np.uint16) * 16, bits=12)
    dataset = pydicom.dcmread(io.BytesIO(content))
    np.testing.assert_array_equal(read(dataset).pixels, read(content).pixels)
    assert read(dataset).header == read(content).header
    del dataset.file_meta  # as one that a program made names no encoding
    bare = pydicom.Dataset(dataset)
    np.testing.assert_array_equal(read(bare).pixels, read(content).pixels)


@pytest.mark.parametrize("source", [None, 5, [1, 2], {"a": 1}, 3.5, object()])
def test_a_wrong_type_is_the_callers_error(source):
    with pytest.raises(TypeError, match="cannot be read from"):
        read(source)


def test_a_text_file_object_is_the_callers_error():
    with pytest.raises(TypeError, match="binary mode"):
        read(io.StringIO("film"))


def test_a_damaged_pil_image_is_refused(grey, encode, reason):
    content = encode(grey, "PNG")
    assert reason(Image.open(io.BytesIO(content[: len(content) // 2]))) is Reason.TRUNCATED


def test_a_refusal_knows_the_digest_of_what_was_refused(grey, encode):
    content = encode(grey, "PNG")[:-200]
    with pytest.raises(NotAssessedError) as refused:
        read(content)
    assert refused.value.refusal.sha256 == hashlib.sha256(content).hexdigest()
    assert refused.value.refusal.header is None


def test_an_inferred_bit_depth_is_remarked(grey, encode):
    assert read(encode(grey.astype(np.uint16) * 16, "PNG")).remarks == (Remark.BIT_DEPTH_INFERRED,)
    assert read(encode(grey.astype(np.uint16) * 257, "PNG")).remarks == ()
    assert read(encode(grey, "PNG")).remarks == ()
    assert read(grey.astype(np.uint16) * 16).remarks == (Remark.BIT_DEPTH_INFERRED,)


def test_an_applied_orientation_is_remarked(grey, encode):
    for orientation, remarks in ((1, ()), (6, (Remark.ORIENTATION_APPLIED,))):
        exif = Image.Exif()
        exif[0x0112] = orientation
        assert read(encode(grey, "JPEG", exif=exif)).remarks == remarks


def test_every_remark_has_a_sentence():
    assert all(remark.sentence.endswith(".") for remark in Remark)


class Slow(io.RawIOBase):
    """A file without a buffer, such as a pipe, that gives a little at a time."""

    def __init__(self, content: bytes) -> None:
        self.rest = content

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        part, self.rest = self.rest[:1000], self.rest[1000:]
        buffer[: len(part)] = part
        return len(part)


def test_a_file_without_a_buffer_is_read_to_its_end(grey, encode):
    np.testing.assert_array_equal(read(Slow(encode(grey, "PNG"))).pixels, grey)


def test_a_closed_file_is_refused(reason):
    file = io.BytesIO(b"content")
    file.close()
    assert reason(file) is Reason.UNREADABLE


def test_a_dataset_is_left_as_it_is(grey, make_dicom):
    pydicom = pytest.importorskip("pydicom")
    dataset = pydicom.Dataset()
    whole = pydicom.dcmread(io.BytesIO(make_dicom(grey.astype(np.uint16))))
    for element in whole:
        dataset.add(element)
    dataset.add_new("PixelPaddingValue", "US or SS", 0)
    before = str(dataset)
    read(dataset)
    assert str(dataset) == before
