import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from limits import files_of_at_most
from PIL import Image

from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.data.layout import distinct
from pneumoscope.decision.labels import Label, Subtype
from pneumoscope.errors import DataError
from pneumoscope.files import PARTIAL
from pneumoscope.locks import exclusive
from pneumoscope.progress import silent
from pneumoscope.training.radiographs.balance import balanced_weights
from pneumoscope.training.radiographs.packing import PackedRadiographs, pack, pack_sides
from pneumoscope.training.recipe import Augmentation

KINDS = ((Label.NORMAL, None), (Label.PNEUMONIA, Subtype.BACTERIAL), (Label.PNEUMONIA, Subtype.VIRAL))
KINDS_AND_UNKNOWN = (*KINDS, (Label.PNEUMONIA, None))


def _films(folder: Path, count: int) -> list[LabelledRadiograph]:
    """Films of all kinds in turn, each of its own brightness, with a dark stripe for contrast."""
    folder.mkdir(parents=True, exist_ok=True)
    films = []
    for number in range(count):
        pixels = np.full((224, 224), 100 + 5 * number, np.uint8)
        pixels[:, :10] = 0
        path = folder / f"{number}.png"
        Image.fromarray(pixels).save(path)
        label, subtype = KINDS_AND_UNKNOWN[number % 4]
        films.append(LabelledRadiograph(path, label, subtype, str(number), "train"))
    return films


def _packed(count: int) -> PackedRadiographs:
    """Noise films, each with its number as its weight."""
    rng = np.random.default_rng(0)
    targets = np.eye(3, dtype=np.float32)[np.arange(count) % 3]
    return PackedRadiographs(
        rng.integers(0, 256, (count, 224, 224), np.uint8),
        targets,
        np.arange(count, dtype=np.float32),
        np.full(count, ""),
    )


def test_pack_decodes_every_film_and_knows_what_its_label_allows(tmp_path: Path) -> None:
    films, told = distinct(_films(tmp_path / "films", 8)), []
    packed = pack(films, tmp_path / "cache", lambda *call: told.append(call))
    ordered = [films[digest] for digest in sorted(films)]
    assert packed.pixels.shape == (8, 224, 224)
    np.testing.assert_array_equal(packed.pixels[:, 100, 100], [100 + 5 * int(film.patient) for film in ordered])
    np.testing.assert_array_equal(packed.targets, [film.classes for film in ordered])
    np.testing.assert_array_equal(packed.positive, [film.positive for film in ordered])
    assert told == [("packing radiographs", done, 8) for done in range(1, 9)]


def test_pack_does_not_decode_twice(tmp_path: Path) -> None:
    films = distinct(_films(tmp_path / "films", 8))
    first = pack(films, tmp_path / "cache", silent)
    for film in films.values():
        film.path.unlink()
    again = pack(dict(reversed(films.items())), tmp_path / "cache", silent)
    np.testing.assert_array_equal(again.pixels, first.pixels)
    np.testing.assert_array_equal(again.targets, first.targets)
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_a_larger_pack_keeps_detail_for_crops_and_reads_like_a_small_one(tmp_path: Path) -> None:
    squares, stripes = np.kron(np.indices((28, 28)).sum(0) % 2 * 120, np.ones((16, 16))), np.arange(448) % 2 * 80
    Image.fromarray((squares + stripes).astype(np.uint8)).save(tmp_path / "striped.png")
    striped = distinct([LabelledRadiograph(tmp_path / "striped.png", Label.NORMAL, None, "1", "train")])
    films = striped | distinct(
        [LabelledRadiograph(f.path, f.label, None, f.patient, "train") for f in _films(tmp_path, 2)]
    )
    small, large = (pack(films, tmp_path / "cache", silent, side) for side in (224, 448))
    assert (large.pixels.shape, small.pixels.shape) == ((3, 448, 448), (3, 224, 224))
    here = sorted(films).index(*striped)
    fine = [np.abs(np.diff(packed.pixels[here].astype(int))).mean() for packed in (small, large)]
    assert fine[1] > 5 * fine[0]  # stripes a pixel wide are there in the large pack alone
    for size in (224, 128):
        reads = [next(packed.plain(size, 3)) for packed in (small, large)]
        assert np.abs(reads[0] - reads[1]).mean() < 1


def test_pack_keeps_other_films_apart_and_does_not_keep_half_a_pack(tmp_path: Path) -> None:
    films = _films(tmp_path / "films", 8)
    pack(distinct(films), tmp_path / "cache", silent)
    pack(distinct(films[:6]), tmp_path / "cache", silent)
    assert len(list((tmp_path / "cache").glob("*.npy"))) == 2
    films[3].path.write_text("Dear colleague, please find the film attached.\n")
    with pytest.raises(DataError, match=r"1 radiographs cannot be read(.|\n)*3\.png: not_an_image"):
        pack(distinct(films), tmp_path / "cache", silent)
    assert len(list((tmp_path / "cache").glob("*.npy"))) == 2


def test_the_unreadable_of_both_sides_are_named_at_once(tmp_path: Path) -> None:
    films = [replace(film, split="val" if number % 2 else "train") for number, film in enumerate(_films(tmp_path, 30))]
    for film in films[:26]:
        film.path.write_text(f"Dear colleague, please find film {film.path.name} attached.\n")
    with pytest.raises(DataError) as caught:
        pack_sides(distinct(films), tmp_path / "cache", silent, 224)
    first, *lines = str(caught.value).splitlines()
    assert first == "26 radiographs cannot be read; mend them or leave them out:"
    assert len(lines) == 21
    assert lines[-1] == "and 6 more: pneumoscope data audit names all"
    assert all("not_an_image" in line for line in lines[:-1])
    assert not list((tmp_path / "cache").iterdir())


def test_a_pack_is_made_once_by_those_who_want_it_at_the_same_time(tmp_path: Path) -> None:
    films, told = distinct(_films(tmp_path / "films", 8)), []
    cache = tmp_path / "cache"
    pack(films, cache, silent)
    made = next(cache.iterdir())
    made.unlink()
    (cache / f".{made.name}.12345678{PARTIAL}").write_bytes(b"what a kill has left")
    with ThreadPoolExecutor(1) as pool:
        with exclusive(made.with_suffix(".lock")):
            waiting = pool.submit(pack, films, cache, lambda *call: told.append(call))
            time.sleep(0.2)
            assert not waiting.done()
            np.save(made, np.zeros((8, 224, 224), np.uint8))
        assert not waiting.result(timeout=60).pixels.any()
    assert not told
    assert os.listdir(cache) == [made.name]


def test_a_full_cache_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    films = distinct(_films(tmp_path / "films", 8))
    with files_of_at_most(200_000), pytest.raises(DataError, match=r"cannot be written \(File too large\); free some"):
        pack(films, tmp_path / "cache", silent)
    assert not list((tmp_path / "cache").iterdir())


def test_the_label_may_change_without_packing_again(tmp_path: Path) -> None:
    films = distinct(_films(tmp_path / "films", 8))
    pack(films, tmp_path / "cache", silent)
    relabelled = {
        digest: LabelledRadiograph(f.path, Label.NORMAL, None, f.patient, f.split) for digest, f in films.items()
    }
    relabelled[min(films)] = films[min(films)]
    np.testing.assert_array_equal(
        pack(relabelled, tmp_path / "cache", silent).targets[1:], np.repeat([[1, 0, 0]], 7, axis=0)
    )


@pytest.mark.parametrize(("batch", "sizes"), [(4, [4, 4, 4]), (5, [5, 5, 2])])
def test_plain_yields_all_films_in_order(batch: int, sizes: list[int]) -> None:
    films = _packed(12)
    batches = list(films.plain(224, batch))
    assert [len(x) for x in batches] == sizes
    whole = np.concatenate(batches)
    assert (whole.dtype, whole.shape) == (np.float32, (12, 224, 224, 1))
    np.testing.assert_array_equal(whole[..., 0], films.pixels)


def test_plain_resizes() -> None:
    pixels = np.stack([np.full((224, 224), value, np.uint8) for value in (0, 50, 255)])
    films = PackedRadiographs(pixels, np.eye(3, dtype=np.float32), np.ones(3, np.float32), np.full(3, ""))
    (x,) = films.plain(64, 8)
    assert x.shape == (3, 64, 64, 1)
    np.testing.assert_array_equal(x.reshape(3, -1).std(axis=1), 0)
    np.testing.assert_array_equal(x[:, 0, 0, 0], [0, 50, 255])


def test_an_epoch_shows_every_film_once_with_its_target() -> None:
    films = _packed(24)
    seen = Counter()
    for x, targets, weights in films.augmented(32, 4, Augmentation(), (0, 1, 1)):
        assert (x.dtype, x.shape) == (np.float32, (4, 32, 32, 1))
        np.testing.assert_array_equal(targets, films.targets[weights.astype(int)])
        seen.update(weights.astype(int).tolist())
    assert seen == dict.fromkeys(range(24), 1)


@pytest.mark.parametrize(("count", "batches"), [(3, [3]), (4, [4]), (11, [4, 4])])
def test_an_epoch_has_whole_batches_unless_there_is_less_than_one(count: int, batches: list[int]) -> None:
    epoch = list(_packed(count).augmented(32, 4, Augmentation(), (0, 1, 1)))
    assert [len(x) for x, _, _ in epoch] == batches


def test_an_epoch_follows_from_its_seed() -> None:
    films = _packed(12)

    def epoch(*seed: int) -> list[np.ndarray]:
        return [np.concatenate(part) for part in zip(*films.augmented(48, 4, Augmentation(), seed), strict=True)]

    for first, again in zip(epoch(5, 1, 2), epoch(5, 1, 2), strict=True):
        np.testing.assert_array_equal(first, again)
    for other in ((6, 1, 2), (5, 2, 2), (5, 1, 3)):
        assert not np.array_equal(epoch(5, 1, 2)[2], epoch(*other)[2])


def test_a_film_looks_different_in_every_epoch() -> None:
    films = _packed(4)
    looks = set()
    for number in range(5):
        for x, _, weights in films.augmented(48, 4, Augmentation(), (0, 1, number)):
            looks.add(x[list(weights).index(2.0)].tobytes())
    assert len(looks) == 5


def test_an_abandoned_epoch_does_not_hang() -> None:
    epoch = _packed(40).augmented(32, 4, Augmentation(), (0, 1, 1))
    next(epoch)
    epoch.close()


def _two_sources() -> PackedRadiographs:
    """Twenty films of two sources; the last of each source weighs nine times what the others do."""
    films = _packed(20)
    weights = np.where(np.arange(20) % 10 == 9, 9, 1).astype(np.float32)
    return replace(films, weights=weights / weights.mean(), sources=np.repeat(["a", "b"], 10))


def test_films_of_several_sources_are_drawn_by_their_weights_and_then_count_the_same() -> None:
    films, plain = _two_sources(), Augmentation((1.0, 1.0), sharpness=0.0, tone=0.0)
    drawn: list[int] = []
    for seed in range(40):
        for _, targets, weights in films.augmented(32, 5, plain, (seed,)):
            np.testing.assert_array_equal(weights, 1)
            drawn.extend(targets.argmax(axis=1))
    assert len(drawn) == 800
    expected = np.bincount(np.arange(20) % 3, weights=films.weights) / 20
    np.testing.assert_allclose(np.bincount(drawn) / 800, expected, atol=0.06)


def test_an_epoch_of_several_sources_follows_from_its_seed() -> None:
    films, how = _two_sources(), Augmentation((0.5, 1.0), disguised=0.5)
    first, again, other = (list(films.augmented(32, 5, how, (seed,))) for seed in (1, 1, 2))
    np.testing.assert_array_equal([x for x, _, _ in first], [x for x, _, _ in again])
    assert not np.array_equal([x for x, _, _ in first], [x for x, _, _ in other])


def test_a_film_that_is_drawn_twice_is_changed_in_two_ways() -> None:
    films, how = _two_sources(), Augmentation((0.5, 1.0))
    only = replace(films, weights=np.eye(20, dtype=np.float32)[0])
    (batch,) = (x for x, _, _ in only.augmented(32, 20, how, (0,)))
    assert len(np.unique(batch.reshape(20, -1), axis=0)) == 20


def test_the_manifest_says_source_and_trust(tmp_path: Path) -> None:
    films = [
        replace(f, source="ab"[i % 3 == 0], weight=1 + i % 2) for i, f in enumerate(_films(tmp_path / "films", 12))
    ]
    table = distinct(films)
    packed = pack(table, tmp_path / "cache", silent)
    ordered = [table[digest] for digest in sorted(table)]
    assert packed.sources.tolist() == [film.source for film in ordered]
    trust = np.array([film.weight for film in ordered])
    np.testing.assert_allclose(packed.weights, balanced_weights(packed.positive, packed.sources, trust))
