import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from pneumoscope.data import layout
from pneumoscope.data.audit.duplicates import SAME_PICTURE, alike, exact_groups
from pneumoscope.imaging import read, to_input


def _film(seed: int) -> Image.Image:
    """A smooth random picture with the same broad shading for every seed, as films of one anatomy have."""
    rng = np.random.default_rng(seed)
    detail = Image.fromarray(rng.integers(0, 256, (40, 40), dtype=np.uint8)).resize(
        (256, 256), Image.Resampling.BICUBIC
    )
    shade = 90 + 120 * np.sin(np.linspace(0, np.pi, 256))[:, None] * np.ones(256)
    return Image.fromarray(np.clip(0.85 * shade + 0.15 * np.asarray(detail), 0, 255).astype(np.uint8))


def _thumbnail(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image.resize((64, 64), Image.Resampling.BILINEAR))


def _jpeg(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


def test_equal_digests_make_one_group_in_order() -> None:
    assert exact_groups(["a", "b", "a", "c", "b", "a"]) == [[0, 2, 5], [1, 4]]
    assert exact_groups(["a", "b"]) == []


@pytest.mark.parametrize(
    "copy",
    [
        lambda film: _jpeg(film, 30),
        lambda film: film.resize((120, 150)),
        lambda film: film.point(lambda value: int(40 + 0.7 * value)),
        lambda film: film.filter(ImageFilter.GaussianBlur(1.5)),
    ],
    ids=["re-encoded", "resized", "brightened", "softened"],
)
def test_altered_copy_is_found_among_look_alikes(copy) -> None:
    films = [_film(seed) for seed in range(20)]
    pictures = [*films, copy(films[7])]

    pairs = alike(np.stack([_thumbnail(picture) for picture in pictures]))

    assert [(pair.first, pair.second) for pair in pairs] == [(7, 20)]
    assert SAME_PICTURE <= pairs[0].correlation <= 1


def test_shared_anatomy_alone_makes_no_pair() -> None:
    thumbnails = np.stack([_thumbnail(_film(seed)) for seed in range(20)])
    whole = np.corrcoef(thumbnails.reshape(20, -1).astype(float))

    assert np.min(whole) > SAME_PICTURE, "these films would pass for copies if they were compared as they are"
    assert alike(thumbnails) == []


def test_most_alike_come_first_and_the_limit_holds() -> None:
    film, other = _film(1), _film(2)
    pictures = [film, _jpeg(film, 10), film.copy(), Image.blend(film, other, 0.3)]
    thumbnails = np.stack([_thumbnail(picture) for picture in pictures])

    pairs = alike(thumbnails, at_least=0.5)

    assert (pairs[0].first, pairs[0].second) == (0, 2)
    assert [pair.correlation for pair in pairs] == sorted((pair.correlation for pair in pairs), reverse=True)
    limit = pairs[2].correlation
    assert len(alike(thumbnails, at_least=limit + 1e-4)) < len(pairs)


def test_blank_films_pair_with_nothing() -> None:
    assert alike(np.full((3, 64, 64), 128, dtype=np.uint8)) == []


def test_pairs_are_found_across_blocks() -> None:
    rng = np.random.default_rng(0)
    thumbnails = rng.integers(0, 256, (1100, 16, 16), dtype=np.uint8)
    thumbnails[1090] = thumbnails[3]
    thumbnails[1095] = thumbnails[1060]

    assert {(pair.first, pair.second) for pair in alike(thumbnails)} == {(3, 1090), (1060, 1095)}


def test_real_films_match_their_first_size_and_nobody_else(real_films, original_films) -> None:
    originals = layout.load(original_films)[::6]
    names = {film.path.name for film in originals}
    resized = [film for film in layout.load(real_films) if film.path.name in names]
    everything = [*originals, *resized]

    pairs = alike(np.stack([to_input(read(film.path), 64) for film in everything]))

    found = {(everything[pair.first].path.name, everything[pair.second].path.name) for pair in pairs}
    assert found == {(name, name) for name in names}
