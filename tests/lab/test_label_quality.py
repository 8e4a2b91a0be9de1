import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from experiments import campaign
from experiments.label_quality import page
from experiments.label_quality.__main__ import main
from experiments.label_quality.measure import measure, out_of_fold
from lab.scores import Scores


@pytest.fixture
def swapped() -> Scores:
    """Out-of-fold logits of 150 radiographs that the model tells apart well; three normals were labelled bacterial."""
    rng = np.random.default_rng(0)
    truth = np.arange(150) % 3
    labels = truth.copy()
    labels[[0, 30, 60]] = 1
    names = np.array([f"film{i}.png" for i in range(150)])
    return Scores(names, names, labels, 4 * np.eye(3)[truth] + rng.normal(0, 0.7, (150, 3)))


def test_swapped_labels_are_the_most_doubtful(swapped: Scores) -> None:
    pytest.importorskip("cleanlab")
    record = measure(swapped)
    assert record["by_class"] == {"normal": 47, "bacterial": 53, "viral": 50}
    for view, given in (("normal or pneumonia", "pneumonia"), ("three classes", "bacterial")):
        found = record["views"][view]
        worst = found["doubtful"][:3]
        assert {row["film"] for row in worst} == {"film0.png", "film30.png", "film60.png"}
        assert all((row["given"], row["suggested"]) == (given, "normal") for row in worst)
        assert worst[0]["issue"]
        joint = np.array(found["confident_joint"])
        assert joint.sum() - np.trace(joint) == joint[1, 0] == found["issues"]  # no other label is doubted
        assert 1 <= found["issues"] <= 3  # only what the model is surer of than it is on average
    assert len(record["views"]["normal or pneumonia"]["confident_joint"]) == 2
    assert "| `film0.png` | bacterial | normal |" in page.tables(record)


def test_tables_and_sheet_show_what_the_record_holds(tmp_path: Path) -> None:
    Image.fromarray(np.tile(np.arange(256, dtype=np.uint8), (256, 1))).save(tmp_path / "a.png")
    row = {"film": "a.png", "given": "normal", "suggested": "pneumonia", "score": 0.0002, "issue": True}
    view = {"classes": ["normal", "pneumonia"], "confident_joint": [[9, 1], [0, 2000]], "issues": 1, "doubtful": [row]}
    text = page.tables({"by_class": {"normal": 10, "bacterial": 2000}, "views": {"one view": view}})
    for expected in (
        "1 of 2,010 labels",
        "| pneumonia | 0 | 2,000 |",
        "| `a.png` | normal | pneumonia | below 0.1% | yes",
    ):
        assert expected in text
    drawn = page.sheet([row] * 9, tmp_path)
    assert drawn.size == (8 * 224, 2 * (224 + 34))
    assert np.asarray(drawn)[224:258, :224].max() > 200  # the caption


def test_every_radiograph_is_scored_out_of_fold_exactly_once() -> None:
    names = out_of_fold().names.tolist()
    assert len(names) == len(set(names)) == 4478


def test_the_command_finds_what_the_sealed_record_holds(tmp_path: Path) -> None:
    pytest.importorskip("cleanlab")
    path = tmp_path / "record.json"
    main(["--out", str(path)])
    sealed = campaign("label_quality").content("label quality", "five folds")
    found = json.loads(path.read_text())
    assert found["by_class"] == sealed["by_class"]
    assert found["views"] == sealed["views"]
