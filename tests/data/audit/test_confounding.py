"""A mark that tells the class in train is reported, and most of all where the test contradicts it."""

from pathlib import Path

import numpy as np
import pytest

from pneumoscope.data.audit.confounding import confounded
from pneumoscope.data.audit.marks import PATCH, MarkGroup
from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.decision.labels import Label, Subtype


def radiographs(split: str, label: Label, count: int, series: str) -> list[LabelledRadiograph]:
    subtype = Subtype.VIRAL if label is Label.PNEUMONIA else None
    return [LabelledRadiograph(Path(f"{split}-{n}"), label, subtype, f"{series}/{n}", split) for n in range(count)]


EVERY = [
    *radiographs("train", Label.NORMAL, 100, "normal/IM"),
    *radiographs("train", Label.PNEUMONIA, 100, "pneumonia/viral"),
    *radiographs("test", Label.NORMAL, 10, "normal/NORMAL2-IM"),
]
REFERENCE = [each.split == "train" for each in EVERY]


def group(*rows: int) -> MarkGroup:
    return MarkGroup(rows, (200, 200), np.zeros(PATCH, np.uint8))


def test_a_mark_of_one_class_is_found_with_what_contradicts_it():
    [found] = confounded([group(*range(100, 140), 203, 207)], EVERY, REFERENCE)
    assert found.label is Label.PNEUMONIA
    assert found.counts == {"train": {"viral": 40}, "test": {"normal": 2}}
    assert (found.contradicted, found.runs) == (2, ("normal/NORMAL2-IM 3 to 7 (2)",))
    assert found.chance == pytest.approx(0.5**40)


def test_a_mark_of_both_classes_is_not_found():
    assert confounded([group(*range(60, 140))], EVERY, REFERENCE) == []


def test_a_small_group_may_be_of_one_class_by_accident_and_more_so_among_many_groups():
    ten = group(*range(100, 110))  # 2 ** -10 is just below one in a thousand
    assert len(confounded([ten], EVERY, REFERENCE)) == 1
    assert confounded([ten, group(*range(60, 140))], EVERY, REFERENCE) == []


def test_chance_counts_patients_and_not_their_radiographs():
    one_child = [LabelledRadiograph(Path(str(n)), Label.PNEUMONIA, None, "pneumonia/x", "train") for n in range(40)]
    every = [*EVERY, *one_child]
    reference = [*REFERENCE, *[True] * 40]
    assert confounded([group(*range(210, 250))], every, reference) == []


def test_one_exception_in_a_hundred_does_not_hide_a_mark():
    assert len(confounded([group(99, *range(100, 199))], EVERY, REFERENCE)) == 1
    assert confounded([group(*range(95, 199))], EVERY, REFERENCE) == []


def test_the_most_contradicted_mark_comes_first():
    pure, contradicted = group(*range(60)), group(*range(100, 130), 205)
    found = confounded([pure, contradicted], EVERY, REFERENCE)
    assert [each.group for each in found] == [contradicted, pure]
    assert found[1].label is Label.NORMAL


def test_a_mark_that_only_the_test_has_says_nothing():
    assert confounded([group(*range(200, 210))], EVERY, REFERENCE) == []
