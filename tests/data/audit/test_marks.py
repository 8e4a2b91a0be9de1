"""Burnt-in marks are found where they are, and marks that are one stamp make one group."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from pneumoscope.data.audit.marks import LEAST, PATCH, Marks, find_marks, group_marks


def stamped(text: str, place: tuple[int, int], seed: int, size: int = 10) -> np.ndarray:
    """A smooth grey picture with a text burnt in, whose upper left corner lies at (x, y)."""
    drawn = np.random.default_rng(seed).integers(40, 120, (6, 6), dtype=np.uint8)
    picture = Image.fromarray(drawn).resize((224, 224), Image.Resampling.BICUBIC)
    ImageDraw.Draw(picture).text(place, text, fill=250, font=ImageFont.load_default(size))
    return np.asarray(picture)


def test_a_stamp_is_one_mark_where_it_was_burnt_in():
    marks = find_marks(stamped("KV59", (190, 205), seed=1))
    assert marks.places.shape == (1, 2)
    assert marks.patches.shape == (1, *PATCH)
    row, column = marks.places[0]
    assert (203 < row < 220, 190 < column < 218) == (True, True)
    assert marks.patches[0].max() > 100


def test_a_picture_without_marks_has_none():
    smooth = np.asarray(Image.linear_gradient("L").resize((224, 224)))
    marks = find_marks(smooth)
    assert (marks.places.shape, marks.patches.shape) == ((0, 2), (0, *PATCH))


def test_a_mark_at_the_very_edge_is_kept_whole():
    marks = find_marks(stamped("KV59", (202, 214), seed=1))
    assert marks.patches.shape[1:] == PATCH
    assert len(marks.places) == 1


def test_one_stamp_makes_one_group_and_another_stamp_or_place_another():
    rng = np.random.default_rng(0)

    def shifted(x: int, y: int) -> tuple[int, int]:
        return x + int(rng.integers(-3, 4)), y + int(rng.integers(-3, 4))

    kinds = [("KV59", (185, 205)), ("R", (12, 15)), ("KV59", (15, 120))]
    pictures = [stamped(text, shifted(*place), seed, 12) for seed in range(30) for text, place in kinds]
    groups = group_marks([find_marks(picture) for picture in pictures])
    assert sorted(group.rows for group in groups) == [tuple(range(kind, 90, 3)) for kind in range(3)]
    corner = next(group for group in groups if group.rows[0] == 0)
    assert corner.place[0] > 190
    assert corner.picture.shape == PATCH
    assert corner.picture.max() > 50, "the mean of one stamp stays a stamp"


def test_few_marks_make_no_group():
    pictures = [stamped("KV59", (185, 205), seed) for seed in range(LEAST - 1)]
    assert group_marks([find_marks(picture) for picture in pictures]) == []
    assert group_marks([]) == []


@pytest.mark.parametrize("count", [LEAST - 1, LEAST])
def test_a_group_counts_radiographs_and_not_marks(count: int):
    one = find_marks(stamped("KV59", (185, 205), seed=1))
    twice = Marks(np.repeat(one.places, 2, axis=0), np.repeat(one.patches, 2, axis=0))
    assert len(group_marks([twice] * count)) == (count >= LEAST)
