from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.data.layout import load
from pneumoscope.data.manifest import write_manifest
from pneumoscope.data.splits import block_folds, series, validation
from pneumoscope.decision.labels import Label, Subtype
from pneumoscope.errors import DataError

BLOCKS = [
    ("NORMAL/IM-0114-0001.jpeg", "train"),
    ("NORMAL/IM-0115-0001.jpeg", "val"),
    ("NORMAL/IM-0297-0001.jpeg", "val"),
    ("NORMAL/IM-0298-0001.jpeg", "train"),
    ("NORMAL/NORMAL2-IM-0115-0001.jpeg", "train"),
    ("NORMAL/NORMAL2-IM-0383-0001.jpeg", "val"),
    ("NORMAL/NORMAL2-IM-0576-0001.jpeg", "val"),
    ("NORMAL/NORMAL2-IM-0577-0001.jpeg", "train"),
    ("PNEUMONIA/person1_bacteria_1.jpeg", "val"),
    ("PNEUMONIA/person77_bacteria_2.jpeg", "val"),
    ("PNEUMONIA/person78_bacteria_3.jpeg", "train"),
    ("PNEUMONIA/person79_virus_1.jpeg", "train"),
    ("PNEUMONIA/person80_virus_2.jpeg", "val"),
    ("PNEUMONIA/person150_virus_3.jpeg", "val"),
    ("PNEUMONIA/person151_virus_4.jpeg", "train"),
    ("PNEUMONIA/person1550_virus_5.jpeg", "val"),
    ("PNEUMONIA/person1609_virus_6.jpeg", "val"),
    ("PNEUMONIA/person1610_virus_7.jpeg", "train"),
]


def _touch(root: Path, names: Iterable[str]) -> list[LabelledRadiograph]:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return load(root)


def _film(label: Label, number: int, subtype: Subtype | None = None, split: str = "all") -> LabelledRadiograph:
    return LabelledRadiograph(
        Path(f"{label}-{subtype}-{number}.png"), label, subtype, f"{label}/{subtype}/{number // 3}", split
    )


def _own_films() -> list[LabelledRadiograph]:
    """Somebody's own films: three a patient, shuffled, in four unequal groups."""
    films = [_film(Label.NORMAL, number) for number in range(150)]
    films += [_film(Label.PNEUMONIA, number, Subtype.BACTERIAL) for number in range(90)]
    films += [_film(Label.PNEUMONIA, number, Subtype.VIRAL) for number in range(60)]
    films += [_film(Label.PNEUMONIA, number) for number in range(30)]
    order = np.random.default_rng(3).permutation(len(films))
    return [films[i] for i in order]


def _patients(films: Iterable[LabelledRadiograph], split: str) -> set[str]:
    return {film.patient for film in films if film.split == split}


def test_the_public_release_is_divided_by_number_block(tmp_path: Path) -> None:
    films = _touch(tmp_path, [f"train/{name}" for name, _ in BLOCKS])
    divided = {str(film.path.relative_to(tmp_path / "train")): film.split for film in validation(films)}
    assert divided == dict(BLOCKS)


def test_the_default_blocks_hold_out_both_labels_and_both_pathogens_of_the_real_films(real_films: Path) -> None:
    films = [film for film in load(real_films) if film.split == "train"]
    divided = validation(films)
    assert [film.path for film in divided] == [film.path for film in films]
    assert not _patients(divided, "train") & _patients(divided, "val")
    held_out = Counter(film.subtype or film.label for film in divided if film.split == "val")
    every = Counter(film.subtype or film.label for film in films)
    assert all(0.05 < held_out[kind] / every[kind] < 0.3 for kind in every)


def _release_with_val(tmp_path: Path, per_label: int) -> list[LabelledRadiograph]:
    names = ["train/NORMAL/IM-0115-0001.jpeg", "train/NORMAL/IM-0400-0001.jpeg"]
    names += ["train/PNEUMONIA/person1_bacteria_1.jpeg", "train/PNEUMONIA/person400_bacteria_2.jpeg"]
    names += [f"val/NORMAL/NORMAL2-IM-{1000 + number}-0001.jpeg" for number in range(per_label)]
    names += [f"val/PNEUMONIA/person{1900 + number}_bacteria_1.jpeg" for number in range(per_label)]
    return _touch(tmp_path, names)


def test_films_that_come_with_a_val_split_keep_it(tmp_path: Path) -> None:
    films = _release_with_val(tmp_path, 20)
    assert validation(films) == films


def test_the_sixteen_val_films_of_the_release_join_training(tmp_path: Path) -> None:
    divided = validation(_release_with_val(tmp_path, 8))
    held_out = {film.path.name for film in divided if film.split == "val"}
    assert held_out == {"IM-0115-0001.jpeg", "person1_bacteria_1.jpeg"}


def test_a_slice_of_the_release_beside_the_blocks_is_divided_by_patient(tmp_path: Path) -> None:
    names = [f"train/NORMAL/IM-{number:04}-0001.jpeg" for number in range(400, 410)]
    names += [f"train/PNEUMONIA/person{number}_bacteria_1.jpeg" for number in range(400, 410)]
    divided = validation(_touch(tmp_path, names))
    assert Counter((film.label, film.split) for film in divided) == {
        (Label.NORMAL, "train"): 8,
        (Label.NORMAL, "val"): 2,
        (Label.PNEUMONIA, "train"): 8,
        (Label.PNEUMONIA, "val"): 2,
    }


@pytest.mark.parametrize("seed", range(5))
def test_no_patient_is_on_both_sides_and_groups_are_held_out_alike(seed: int) -> None:
    films = _own_films()
    divided = validation(films, fraction=0.2, seed=seed)
    assert [replace(film, split="all") for film in divided] == films
    assert not _patients(divided, "train") & _patients(divided, "val")
    held_out = Counter((film.label, film.subtype) for film in divided if film.split == "val")
    assert held_out == {group: size // 5 for group, size in Counter((f.label, f.subtype) for f in films).items()}


def test_the_draw_of_patients_follows_the_seed_and_not_the_order_of_the_films() -> None:
    films = _own_films()
    drawn = _patients(validation(films, seed=1), "val")
    assert _patients(validation(films[::-1], seed=1), "val") == drawn
    assert _patients(validation(films, seed=2), "val") != drawn


def test_a_patient_with_films_of_both_labels_stays_on_one_side() -> None:
    films = [replace(film, patient=film.patient.rpartition("/")[2]) for film in _own_films()]
    divided = validation(films)
    assert not _patients(divided, "train") & _patients(divided, "val")


def test_a_manifest_is_divided_by_its_patients(tmp_path: Path) -> None:
    for film in _own_films():
        (tmp_path / film.path).touch()
    write_manifest((replace(film, path=tmp_path / film.path) for film in _own_films()), tmp_path / "films.csv")
    divided = validation(load(tmp_path / "films.csv"))
    assert len(divided) == 330
    assert not _patients(divided, "train") & _patients(divided, "val")


def test_test_films_are_refused() -> None:
    with pytest.raises(DataError, match="test films must not be divided"):
        validation([*_own_films(), _film(Label.NORMAL, 999, split="test")])


def test_a_split_without_one_of_the_labels_is_refused() -> None:
    normals = [_film(Label.NORMAL, number) for number in range(30)]
    with pytest.raises(DataError, match="needs normal and pneumonia films"):
        validation(normals)
    with pytest.raises(DataError, match="the train side"):
        validation([*normals, _film(Label.PNEUMONIA, 1)])


def test_a_manifest_with_a_patient_on_both_sides_is_refused() -> None:
    films = [_film(label, number, split=split) for label in Label for split in ("train", "val") for number in range(20)]
    with pytest.raises(DataError, match="14 patients are on both sides of the split, first 'normal/None/0'"):
        validation(films)


def test_block_folds_hold_out_every_film_once_in_contiguous_blocks(tmp_path: Path) -> None:
    names = [f"train/NORMAL/IM-{number:04}-0001.jpeg" for number in range(1, 60, 2)]
    names += [f"train/NORMAL/NORMAL2-IM-{number:04}-0001.jpeg" for number in range(300, 345)]
    names += [f"train/PNEUMONIA/person{number}_bacteria_{i}.jpeg" for number in range(1, 41) for i in range(number % 4)]
    names += [f"train/PNEUMONIA/person{number}_virus_1.jpeg" for number in range(100, 200, 3)]
    films = _touch(tmp_path, names)
    folds = block_folds(films, 5)
    assert len(folds) == 5
    assert Counter(film.path for fold in folds for film in fold if film.split == "val") == Counter(
        film.path for film in films
    )
    for fold in folds:
        assert [replace(film, split="train") for film in fold] == films
        assert not _patients(fold, "train") & _patients(fold, "val")
        for name in {place[0] for film in films if (place := series(film))}:
            numbers = {split: _numbers(fold, name, split) for split in ("train", "val")}
            low, high = min(numbers["val"]), max(numbers["val"])
            assert not any(low <= number <= high for number in numbers["train"])
            share = len(numbers["val"]) / (len(numbers["val"]) + len(numbers["train"]))
            assert 0.12 < share < 0.28


def _numbers(films: Iterable[LabelledRadiograph], name: str, split: str) -> list[int]:
    places = [series(film) for film in films if film.split == split]
    return [place[1] for place in places if place and place[0] == name]


def test_block_folds_of_the_real_films(real_films: Path) -> None:
    films = [film for film in load(real_films) if film.split == "train"]
    sizes = [sum(film.split == "val" for film in fold) for fold in block_folds(films, 5)]
    assert sum(sizes) == len(films)
    assert max(sizes) - min(sizes) < 0.02 * len(films)


def test_block_folds_refuse_films_without_numbers() -> None:
    with pytest.raises(DataError, match="patient key 'normal/None/0' has no number"):
        block_folds([_film(Label.NORMAL, 0)], 5)


def test_block_folds_refuse_a_fold_without_a_label(tmp_path: Path) -> None:
    names = [f"train/NORMAL/IM-{number:04}-0001.jpeg" for number in range(10)]
    films = _touch(tmp_path, [*names, "train/PNEUMONIA/person1_virus_1.jpeg"])
    with pytest.raises(DataError, match="needs normal and pneumonia films"):
        block_folds(films, 5)


def test_patients_are_held_out_within_every_source() -> None:
    films = [replace(film, source="a", patient=f"a/{film.patient}") for film in _own_films()]
    few = [replace(film, source="b", patient=f"b/{film.patient}") for film in _own_films() if film.positive][:60]
    divided = validation([*films, *few])
    for source, own in (("a", films), ("b", few)):
        held_out = {film.patient for film in divided if film.source == source and film.split == "val"}
        assert len(held_out) == pytest.approx(0.2 * len({film.patient for film in own}), abs=2)
