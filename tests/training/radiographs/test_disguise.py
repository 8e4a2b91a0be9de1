import numpy as np
import pytest
from PIL import Image

from pneumoscope.training.radiographs import disguise as room
from pneumoscope.training.radiographs.disguise import disguise, grey_curves


@pytest.fixture
def film() -> Image.Image:
    """A soft gradient of 40 to 200 in both directions, (200, 240)."""
    return Image.fromarray(np.add.outer(np.linspace(20, 100, 200), np.linspace(20, 100, 240)).astype(np.uint8))


NONE = np.empty((0, 256), np.float32)


def test_a_share_of_0_changes_nothing(film: Image.Image) -> None:
    same = disguise(film, 0.0, grey_curves([np.zeros((8, 8), np.uint8)]), np.random.default_rng(0))
    np.testing.assert_array_equal(np.asarray(same), np.asarray(film))


def test_a_picture_keeps_its_size_and_follows_from_its_seed(film: Image.Image) -> None:
    before = np.array(film)
    first, again = ([disguise(film, 0.5, NONE, np.random.default_rng(seed)) for seed in range(40)] for _ in range(2))
    assert {(one.size, one.mode) for one in first} == {((240, 200), "L")}
    assert [one.tobytes() for one in first] == [one.tobytes() for one in again]
    assert len({one.tobytes() for one in first}) > 30
    np.testing.assert_array_equal(np.asarray(film), before)


def test_greys_come_near_those_of_another_source(film: Image.Image) -> None:
    other = np.random.default_rng(0).integers(180, 250, (100, 100)).astype(np.uint8)
    (curve,) = grey_curves([other])
    assert (curve[0], curve[255]) == (pytest.approx(180, abs=2), pytest.approx(249, abs=2))
    distances = []
    for seed in range(30):
        matched = np.asarray(room._match(film, curve, np.random.default_rng(seed)))
        distances.append(abs(float(matched.mean()) - other.mean()))
    assert max(distances) < 0.7 * abs(float(np.asarray(film).mean()) - other.mean())
    assert min(distances) < 10


def test_a_tone_curve_keeps_the_order_of_greys() -> None:
    ramp = Image.fromarray(np.tile(np.arange(256, dtype=np.uint8), (4, 1)))
    curves = np.stack([np.asarray(room._bend(ramp, np.random.default_rng(seed)))[0] for seed in range(50)]).astype(int)
    assert (np.diff(curves, axis=1) >= 0).all()
    assert (np.ptp(curves, axis=1) >= 139).all()
    assert curves[:, 128].std() > 10


def test_stamps_begin_in_the_outer_part_and_wires_only_brighten(film: Image.Image) -> None:
    plain, middle = np.asarray(film).astype(int), []
    for seed in range(40):
        stamped, wired = (np.asarray(way(film, np.random.default_rng(seed))) for way in (room._stamp, room._wire))
        assert (stamped != plain).any()
        assert (stamped != plain).mean() < 0.1
        middle.append((stamped != plain)[60:110, 95:170].mean())
        assert (wired >= plain).all()
        assert (wired > plain).any()
    assert np.mean(middle) < 0.03


def test_a_framed_film_is_smaller_and_whole(film: Image.Image) -> None:
    spans = []
    for seed in range(60):
        framed = np.asarray(room._frame(film, np.random.default_rng(seed)))
        rows, columns = (np.ptp(framed.astype(int), axis=axis) > 8 for axis in (1, 0))
        spans.append((rows.mean(), columns.mean()))
    height, width = np.array(spans).T
    assert height.min() > 0.5
    assert width.min() > 0.5
    assert height.min() < 0.75 < 0.95 < height.max()
    assert ((height > 0.95) & (width < 0.9)).any()  # bars on two sides alone
