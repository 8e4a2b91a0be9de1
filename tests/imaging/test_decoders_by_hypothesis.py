"""Properties of the decoders: what goes in comes out, and whatever bytes come in, a coded refusal is the worst."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("pydicom", reason="the extra 'dicom' is not installed")

from experiments.fuzz.damage import DAMAGES
from experiments.fuzz.kinds import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, KINDS, dicom, encoded
from pneumoscope.imaging import NotAssessedError, read
from pneumoscope.imaging.limits import MIN_SIDE

QUICK = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])

EXACT = ("PNG, 8 bits", "PNG, interlaced", "PNG, palette", "TIFF, strips", "TIFF, tiles", "TIFF, LZW", "TIFF, PackBits")
BEGINNINGS = (
    b"",
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"II*\0",
    b"MM\0*",
    b"II+\0",
    bytes(128) + b"DICM",
    b"\x08\0\5\0",
)


@st.composite
def films(draw, white=255):
    """A ramp with grain: any size, any direction, any noise."""
    height, width = draw(st.integers(MIN_SIDE, 180)), draw(st.integers(MIN_SIDE, 180))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    ramp = np.linspace(0.1, 0.9, width)[:: draw(st.sampled_from([1, -1]))]
    noise = rng.normal(0, draw(st.floats(0.005, 0.05)), (height, width))
    return np.clip(np.rint((ramp + noise) * white), 0, white).astype(np.uint8 if white < 256 else np.uint16)


@QUICK
@given(film=films(), kind=st.sampled_from(EXACT))
def test_eight_bits_come_out_as_they_went_in(film, kind):
    np.testing.assert_array_equal(read(KINDS[kind](film)).pixels, film)


@QUICK
@given(film=films(white=65535), encoding=st.sampled_from(["PNG", "TIFF"]))
def test_sixteen_bits_come_out_as_they_went_in(film, encoding):
    film[0, 0], film[0, 1] = 65535, 65534  # so that the depth is not inferred
    np.testing.assert_allclose(read(encoded(film, encoding)).pixels, film / 257, atol=1e-3)


@QUICK
@given(
    film=films(white=4095), syntax=st.sampled_from([EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED]), inverted=st.booleans()
)
def test_twelve_bits_come_out_of_dicom_as_they_went_in(film, syntax, inverted):
    stored = 4095 - film if inverted else film
    content = dicom(stored, 12, syntax, PhotometricInterpretation=f"MONOCHROME{1 if inverted else 2}")
    shown = np.clip((film - 2047.5) / 4095 + 0.5, 0, 1) * 255
    np.testing.assert_allclose(read(content).pixels, shown, atol=0.1)


@QUICK
@given(beginning=st.sampled_from(BEGINNINGS), rest=st.binary(max_size=2000))
def test_any_bytes_are_read_or_refused(beginning, rest):
    with suppress(NotAssessedError):
        assert np.isfinite(read(beginning + rest).pixels).all()


@settings(QUICK, max_examples=60)
@given(
    film=films(), kind=st.sampled_from(list(KINDS)), damage=st.sampled_from(list(DAMAGES)), seed=st.integers(0, 2**32)
)
def test_any_damage_is_read_or_refused(film, kind, damage, seed):
    content = DAMAGES[damage](bytearray(KINDS[kind](film)), np.random.default_rng(seed))
    with suppress(NotAssessedError):
        assert np.isfinite(read(content).pixels).all()
