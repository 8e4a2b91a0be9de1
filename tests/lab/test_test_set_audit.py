"""The test-set audit: its page holds its record, its parts compute what they say."""

import json

import numpy as np

from experiments.test_set_audit import changes, kept, measure, table
from lab.machine import ROOT

CHANGELOG = ROOT / "CHANGELOG.md"


def test_the_page_holds_its_record():
    text = (table.FOLDER / "README.md").read_text(encoding="utf-8")
    assert table.filled(text) == text, "run: python -m experiments.test_set_audit.table"


def test_the_record_agrees_with_the_figures_of_its_release():
    record = json.loads((table.FOLDER / "record.json").read_text())
    found = record["intervals"]["blocks of 20"]
    [row] = [line for line in CHANGELOG.read_text(encoding="utf-8").splitlines() if line.startswith("| 1.4.0 |")]
    _, _, _, _, _, accuracy, _, specificity, balanced, *_ = (cell.strip() for cell in row.split("|"))
    figures = {"accuracy": accuracy, "specificity": specificity, "balanced_accuracy": balanced}
    assert {name: f"{found[name]['value']:.1%}" for name in figures} == figures


def test_the_kept_validation_scores_are_those_of_712_radiographs():
    classes, logits = kept.validation()
    assert np.bincount(classes).tolist() == [269, 313, 130]
    assert logits.shape == (712, 3)


def test_a_part_is_kept_and_the_rest_is_filled():
    seen = np.random.default_rng(0).integers(1, 255, (224, 224), dtype=np.uint8)
    parts = changes.parts_kept()
    border = parts["border alone", "black"](seen)
    assert (border[:27] == seen[:27]).all()
    assert not border[27:-27, 27:-27].any()
    lungs, rest = parts["lungs alone", "black"](seen), parts["all but the lungs", "black"](seen)
    assert (lungs.astype(int) + rest == seen).all()
    filled = parts["lungs alone", "median"](seen)
    assert set(np.unique(filled[lungs == 0])) == {int(np.median(seen))}


def test_a_letterboxed_radiograph_has_black_bars_and_all_of_the_picture():
    boxed = changes.letterboxed(np.full((224, 224), 90, np.uint8))
    assert np.flatnonzero(boxed.any(axis=1)).tolist() == list(range(31, 192))
    assert set(np.unique(boxed)) == {0, 90}


def test_the_most_alarms_in_a_window_are_counted():
    alarms = np.random.default_rng(1).random(60) < 0.3
    expected = max(alarms[start : start + 9].sum() for start in range(52))
    assert measure.most_in_a_window(alarms, 9) == expected
