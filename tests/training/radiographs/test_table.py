from collections import Counter
from dataclasses import replace
from pathlib import Path

from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.data.layout import load
from pneumoscope.data.manifest import ManifestForm
from pneumoscope.decision.labels import Label, Subtype
from pneumoscope.training.radiographs.table import (
    count_sides,
    labels_digest,
    limit_classes,
    load_training_table,
    narrow,
    take_side,
)
from pneumoscope.training.recipes import RECIPES

KINDS = ((Label.NORMAL, None), (Label.PNEUMONIA, Subtype.BACTERIAL), (Label.PNEUMONIA, Subtype.VIRAL))


def test_a_limit_takes_that_many_of_every_side_and_class_evenly() -> None:
    table = {
        f"{split}-{kind}-{number:02}": LabelledRadiograph(Path(f"{number}"), *KINDS[kind], f"{number}", split)
        for split in ("train", "val")
        for kind in range(3)
        for number in range(5 if kind == 2 else 40)
    }
    chosen = limit_classes(table, 8)
    assert Counter((labelled.split, labelled.classes.index(True)) for labelled in chosen.values()) == {
        (split, kind): 5 if kind == 2 else 8 for split in ("train", "val") for kind in range(3)
    }
    normal = [int(labelled.patient) for labelled in take_side(chosen, "val").values() if not labelled.positive]
    assert normal == list(range(0, 40, 5))
    assert limit_classes(table, None) == table


def test_a_side_is_in_the_order_of_packing() -> None:
    labelled = LabelledRadiograph(Path("a"), Label.NORMAL, None, "1", "train")
    table = {"c": labelled, "a": replace(labelled, split="val"), "b": labelled}
    assert list(take_side(table, "train")) == ["b", "c"]
    assert count_sides(table) == {"train": 2, "val": 1}


def test_the_test_split_is_left_out_and_subtypes_are_told_only_where_the_recipe_wants_them(dataset: Path) -> None:
    smoke = RECIPES["smoke"]
    whole = load_training_table(dataset, seed=0)
    table = narrow(whole, smoke)
    assert count_sides(table) == {"train": 36, "val": 36}
    assert {labelled.subtype for labelled in table.values()} == {None, Subtype.BACTERIAL, Subtype.VIRAL}
    untold = narrow(whole, replace(smoke, subtypes=False, limit=None))
    assert count_sides(untold) == {"train": 60, "val": 60}
    assert {labelled.subtype for labelled in untold.values()} == {None}


def test_a_manifest_in_other_words_is_trained_on(dataset: Path, tmp_path: Path) -> None:
    films = load(dataset)
    rows = "".join(f"{film.path};{('gut', 'krank')[film.positive]};{film.patient};{film.split}\n" for film in films)
    (tmp_path / "films.csv").write_text(f"Bild;Befund;patient;split\n{rows}")
    table = load_training_table(tmp_path / "films.csv", 0, ManifestForm("bild", "befund", "krank"))
    plain = load_training_table(dataset, 0)
    assert count_sides(table) == count_sides(plain)


def test_what_is_said_of_radiographs_has_a_digest() -> None:
    labelled = LabelledRadiograph(Path("a"), Label.PNEUMONIA, None, "1", "train")
    table = {"a": labelled, "b": labelled}
    same = labels_digest({"b": replace(labelled, path=Path("moved")), "a": labelled})
    assert same == labels_digest(table)
    changes = ({"label": Label.NORMAL}, {"subtype": Subtype.VIRAL}, {"patient": "2"}, {"split": "val"})
    told = {labels_digest(table | {"b": replace(labelled, **change)}) for change in changes}
    assert len(told | {same}) == 5
