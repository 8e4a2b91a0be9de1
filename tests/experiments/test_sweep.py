"""The sweep: what is measured, and that a variant is in the table only when its record is whole."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs pneumoscope[evaluate]")
sys.path.insert(0, str(Path(__file__).parents[2] / "experiments"))
import records
import sweep


def _scores() -> records.Scores:
    names = np.array(["a", "b", "c", "d"])
    logits = np.array([[2.0, 0, 0], [0, 2.0, 0], [0, 0, 2.0], [3.0, 0, 0]])
    return records.Scores(names, names, np.array([0, 1, 2, 1]), logits)


def test_both_classes_weigh_the_same_and_the_score_decides_at_0() -> None:
    found = sweep.measured(_scores())
    score = np.array([np.log(2) - 2, np.log(np.exp(2) + 1), np.log(np.exp(2) + 1), np.log(2) - 3])
    loss = np.log1p(np.exp(np.array([score[0], -score[1], -score[2], -score[3]])))
    assert found["log_loss"] == pytest.approx((loss[0] + loss[1:].mean()) / 2)
    assert found["recall"] == pytest.approx(2 / 3)
    assert found["specificity"] == 1
    assert found["three_classes"] == 0.75
    assert found["auc"] == pytest.approx(2 / 3)


def test_only_what_is_kept_whole_is_in_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "RUNS", tmp_path)
    header = "set,film,patient,class,normal,bacterial,viral"
    films = ("a,a,normal,2,0,0", "b,b,viral,0,0,2")
    rows = [f"{of},{film}" for of in ("validation", "left-out") for film in films]
    for name in ("baseline, seed 0", "two classes", "no change of tone"):
        folder = tmp_path / "sweep" / sweep.slug(name)
        folder.mkdir(parents=True)
        (folder / "scores.csv").write_text("\n".join([header, *rows]) + "\n")
        (folder / "history.json").write_text(json.dumps([{"seconds": 90}, {"seconds": 90}]))
        if name != "no change of tone":
            stressed = {"blur: mild": {"auc": 0.5, "recall": 1, "specificity": 0.5}}
            (folder / "stressed.json").write_text(json.dumps(stressed))
    lines = sweep.tables().splitlines()
    assert len(lines) == 4
    assert lines[2].startswith("| baseline, seed 0 | ")
    assert lines[2].endswith("| 100.0% | 1.0000 | 0.5000 | 75.0% | 3 |")
    assert lines[3].startswith("| two classes | ")
    assert "100.0%" not in lines[3]
