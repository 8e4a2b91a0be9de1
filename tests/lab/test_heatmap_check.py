import json
from pathlib import Path

import numpy as np
import pytest

from experiments.heatmap_check import page
from experiments.heatmap_check.__main__ import main
from experiments.heatmap_check.measure import sample
from pneumoscope.decision.labels import CLASSES
from pneumoscope.errors import DataError
from pneumoscope.evaluation.report import style


def test_record_of_real_radiographs_makes_tables_and_a_figure(real_films: Path, tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    main(["--data", str(real_films), "--count", "3", "--out", str(path)])
    record = json.loads(path.read_text())
    assert record["films"]["of_each_class"] == 3
    assert {"machine", "commit", "bundle"} <= record.keys()
    assert {row["class"] for row in record["rows"]} >= {"bacterial", "viral"}
    for row in record["rows"]:
        assert 0 <= row["lung_share"] <= 1
        assert 0 < row["lung_area"] < 0.5
        assert len(row["agreement_straight"]) == 4
        assert all(-1 <= value <= 1 for value in (row["agreement"], *row["agreement_straight"]))
    assert f"| all | {len(record['rows'])} |" in page.tables(record)
    assert style.png(page.figure(record)).startswith(b"\x89PNG")


def test_sample_is_balanced_held_out_and_never_of_the_test(real_films: Path) -> None:
    drawn = sample(real_films, 5).values()
    assert [one.split for one in drawn] == ["val"] * 15
    assert np.array([one.classes for one in drawn]).sum(axis=0).tolist() == [5] * len(CLASSES)
    with pytest.raises(DataError, match="only"):
        sample(real_films, 5000)


def test_asking_for_more_than_there_are_is_wrong_usage(real_films: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--data", str(real_films), "--count", "5000", "--out", str(tmp_path / "record.json")])
    assert ended.value.code == 2
