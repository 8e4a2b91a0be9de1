import json
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "experiments"))

import cam_check  # noqa: E402

from pneumoscope.bundle.card import RELEASED  # noqa: E402
from pneumoscope.data.labelled import CLASSES  # noqa: E402
from pneumoscope.errors import DataError  # noqa: E402
from pneumoscope.evaluation import style  # noqa: E402


def test_best_share_is_what_no_other_even_map_of_the_field_reaches() -> None:
    assert cam_check.chance() < cam_check.best_share(7) < 1


def test_record_of_real_films_makes_tables_and_a_figure(real_films: Path, tmp_path: Path) -> None:
    path = tmp_path / "cam_check.json"
    cam_check.main(RELEASED, real_films, 3, path)
    record = json.loads(path.read_text())
    assert record["films"]["of_each_class"] == 3
    assert {"machine", "commit", "bundle"} <= record.keys()
    assert {row["class"] for row in record["rows"]} >= {"bacterial", "viral"}
    for row in record["rows"]:
        assert 0 <= row["lung_share"] <= record["best_share"]
        assert len(row["agreement_straight"]) == 4
        assert all(-1 <= value <= 1 for value in (row["agreement"], *row["agreement_straight"]))
    assert f"| all | {len(record['rows'])} |" in cam_check.tables(record)
    assert style.png(cam_check.figure(record)).startswith(b"\x89PNG")


def test_sample_is_balanced_held_out_and_never_of_the_test(real_films: Path) -> None:
    films = cam_check.sample(real_films, 5).values()
    assert [film.split for film in films] == ["val"] * 15
    assert np.array([film.classes for film in films]).sum(axis=0).tolist() == [5] * len(CLASSES)
    with pytest.raises(DataError, match="only"):
        cam_check.sample(real_films, 5000)
