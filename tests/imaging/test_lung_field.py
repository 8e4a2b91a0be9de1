from pathlib import Path

import numpy as np
import pytest

from pneumoscope.data.layout import load
from pneumoscope.data.splits import divided
from pneumoscope.imaging import read, to_input
from pneumoscope.imaging.lung_field import lung_field


@pytest.mark.parametrize("size", [64, 224, 512])
def test_two_lungs_of_about_a_quarter_at_every_size(size: int) -> None:
    field = lung_field(size)
    assert (field.shape, field.dtype) == ((size, size), np.bool_)
    assert field.mean() == pytest.approx(0.23, abs=0.02)
    spine = field[:, round(0.47 * size) : round(0.53 * size)]
    assert not spine.any()
    left, right = field[:, : size // 2].sum(), field[:, size // 2 :].sum()
    assert left > right > 0.7 * left  # the heart takes from the lung on the picture's right


def test_normal_films_are_darker_inside_than_between_and_below(real_films: Path) -> None:
    normal = [film for film in divided(load(real_films)).values() if film.split == "val" and not film.positive]
    field = lung_field(224)
    around = np.zeros_like(field)
    around[50:210, 40:190] = True
    for film in normal[::20]:
        pixels = to_input(read(film.path))
        assert pixels[field].mean() < pixels[around & ~field].mean() - 15
