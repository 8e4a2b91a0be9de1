from typing import Any

import pytest

import experiments.seeds as page
from lab.campaign import Campaign, Record
from tests.lab.conftest import Made


def _found(name: str, recall: float, specificity: float) -> dict[str, Any]:
    values = {"accuracy": 0.75, "recall": recall, "specificity": specificity, "recall_viral": 0.5}
    values["balanced_accuracy"] = (recall + specificity) / 2
    metrics = {key: {"value": value} for key, value in values.items()}
    ranking = {"three_class_accuracy": {"value": 0.5}, "auc": {"value": 0.875}}
    return {"name": name, "point": {"metrics": metrics}, "ranking": ranking}


@pytest.fixture
def evaluated(made: Made, monkeypatch: pytest.MonkeyPatch) -> Campaign:
    """The two runs, with what an evaluation found of each and of both together."""
    together = _found("logits of all, averaged", 1.0, 1.0)
    content = {"bundles": [_found("a", 1.0, 0.5), _found("b", 0.5, 1.0)], "together": together}
    vars(made.campaign)["records"] = (*made.records, Record("test-set evaluation", "two", content))
    monkeypatch.setattr(page, "campaign", lambda name: made.campaign)
    return made.campaign


def _rows(text: str) -> dict[str, dict[str, str]]:
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    return {line[0]: dict(zip(lines[0], line, strict=True)) for line in lines[2:]}


def test_the_table_holds_every_network_their_mean_and_their_spread(evaluated: Campaign) -> None:
    rows = _rows(page.seeds("any", "two", "any"))
    assert list(rows) == ["a", "b", "mean", "standard deviation", "ensemble of all (mean of the logits)"]
    assert [rows[name]["recall"] for name in ("a", "b", "mean")] == ["100.0%", "50.0%", "75.0%"]
    assert rows["standard deviation"]["recall"] == f"{0.5 / 2**0.5:.1%}"
    assert rows["a"]["auc"] == "0.8750"


def test_the_fall_is_counted_from_the_validation_radiographs_at_score_0(evaluated: Campaign) -> None:
    rows = _rows(page.seeds("any", "two", "any"))
    # a finds one of two pneumonias and both normals; b both pneumonias and one normal; the ensemble as b.
    assert rows["a"]["validation less test"] == rows["b"]["validation less test"] == "0.0%"
    assert rows["ensemble of all (mean of the logits)"]["validation less test"] == "-25.0%"


def test_a_refit_has_no_validation_to_fall_from(evaluated: Campaign) -> None:
    evaluated.content("run", "b")["config"]["refit_of"] = {}
    assert page.seeds("any", "two", "any").splitlines()[0].endswith("| auc |")
