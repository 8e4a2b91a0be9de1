"""A slice of the fuzz: the drawn films of the package, damaged."""

import json
from pathlib import Path

import pytest

pytest.importorskip("pydicom", reason="the extra 'dicom' is not installed")

from experiments.fuzz.__main__ import main, run
from experiments.fuzz.damage import DAMAGES
from experiments.fuzz.kinds import KINDS
from experiments.fuzz.mutants import Mutant, films
from experiments.fuzz.record import passed, summary, tables
from experiments.fuzz.worker import Row, screened
from pneumoscope.bundle.card import RELEASED

OF = films(synthetic=True)


def row(number: int, **of: object) -> Row:
    return Row(number, **({"kind": "a", "damage": "b", "outcome": "judged", "intact": 0.5, "probability": 0.5} | of))


def test_a_number_makes_the_same_mutant_again() -> None:
    for number in (0, 5, 411):
        assert Mutant.of(number, len(OF)).damaged(OF) == Mutant.of(number, len(OF)).damaged(OF)
    every = {(one.kind, one.damage) for one in (Mutant.of(n, len(OF)) for n in range(len(KINDS) * len(DAMAGES)))}
    assert len(every) == len(KINDS) * len(DAMAGES) > 240


@pytest.mark.slow
def test_no_damaged_file_is_a_fault_and_few_are_judged_as_something_else(tmp_path: Path) -> None:
    rows = run(len(KINDS) * len(DAMAGES), OF, RELEASED, tmp_path / "rows.jsonl", 2)
    counts = summary(rows)["all"]
    assert (counts["faults"], counts["too_dear"]) == (0, 0)
    assert counts["moved"] <= 0.04 * counts["judged"]  # of 60 or so; the whole run holds the rule of 1%


def test_a_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    known = b'{"number":1,"kind":"x","damage":"y","outcome":"truncated"}\n'
    path.write_bytes(known + b'{"number":2,"ki')
    main(["--synthetic", "--count", "2", "--workers", "1", "--rows", str(path), "--out", str(tmp_path / "record.json")])
    record = json.loads((tmp_path / "record.json").read_text())
    assert record["mutants"] == 2
    assert record["by_kind"]["x"] == {"mutants": 1, "judged": 0, "moved": 0} | dict.fromkeys(
        ("faults", "too_dear", "most_seconds", "most_mb"), 0
    )


def test_the_rule() -> None:
    good = [row(number) for number in range(100)]
    assert passed([*good, row(100, probability=0.9)]) is True
    assert passed([*good, row(100, probability=0.9), row(101, probability=0.1), row(102)]) is False
    for fault in (
        {"outcome": "ValueError", "probability": None},
        {"outcome": "no end", "probability": None},
        {"seconds": 5.1},
        {"mb": 1025.0},
    ):
        assert passed([*good, row(100, **fault)]) is False
    assert "| all | 100 | 0 | 100 | 0 (0.0%) | 0 |" in tables(summary(good))["damages"]


def test_a_file_that_ends_the_process_is_a_fault_of_its_own(tmp_path: Path) -> None:
    missing = tmp_path / "no such bundle.onnx"
    assert [one.outcome for one in screened([0, 1], OF, missing)] == ["process died"] * 2
