"""One evaluation: the numbers fit together, degenerate films do not crash it, JSON brings all of it back."""

import json
import time
from dataclasses import asdict, replace

import numpy as np
import pytest
from sklearn import metrics as sk
from synthetic import MIXED, RULE, film, predictions

from pneumoscope.decision.operating_point import BASELINE_THRESHOLD, OperatingPoint
from pneumoscope.decision.score import viral_share
from pneumoscope.errors import DataError
from pneumoscope.evaluation import DecisionRule, Evaluation, Predictions, Resampling, evaluate

FEW = Resampling(200, seed=1)


@pytest.fixture(scope="module")
def mixed():
    return evaluate(predictions(MIXED, refused=2), RULE, "Validation", resampling=FEW)


def test_the_numbers_are_scikit_learns(mixed):
    positive, probability = mixed.predictions.positive, mixed.probability
    called = probability >= 0.55
    assert mixed.main.confusion == tuple(map(tuple, sk.confusion_matrix(positive, called).tolist()))
    assert mixed.main.metrics["recall"].value == pytest.approx(sk.recall_score(positive, called))
    assert mixed.ranking["auc"].value == pytest.approx(sk.roc_auc_score(positive, probability))
    assert mixed.ranking["auprc"].value == pytest.approx(sk.average_precision_score(positive, probability))


def test_subtypes_are_judged_against_the_normal_films(mixed):
    classes, probability = mixed.predictions.classes, mixed.probability
    for index, name in ((1, "bacterial"), (2, "viral")):
        pair = (classes == 0) | (classes == index)
        expected = sk.roc_auc_score(classes[pair] == index, probability[pair])
        assert mixed.ranking[f"auc_{name}"].value == pytest.approx(expected)
        recall = (probability[classes == index] >= 0.55).mean()
        assert mixed.main.metrics[f"recall_{name}"].value == pytest.approx(recall)
    sick = classes > 0
    share = viral_share(mixed.predictions.logits)[sick]
    assert mixed.ranking["auc_viral_share"].value == pytest.approx(sk.roc_auc_score(classes[sick] == 2, share))


def test_three_classes(mixed):
    said = mixed.predictions.logits.argmax(axis=1)
    assert np.array_equal(mixed.three_class, sk.confusion_matrix(mixed.predictions.classes, said))
    expected = sk.accuracy_score(mixed.predictions.classes, said)
    assert mixed.ranking["three_class_accuracy"].value == pytest.approx(expected)


def test_every_interval_holds_its_value(mixed):
    everything = [*mixed.ranking.values(), *(e for point in mixed.points for e in point.metrics.values())]
    assert len(everything) == 8 + 3 * 7
    assert all(e.low <= e.value <= e.high for e in everything if e is not mixed.ranking["calibration_error"])


def test_the_asked_for_threshold_is_always_reported_once(mixed):
    assert [point.point.threshold for point in mixed.points] == [0.55, 0.2, BASELINE_THRESHOLD]
    own = replace(RULE, points=(*RULE.points, OperatingPoint("asked-for", BASELINE_THRESHOLD, "asked for")))
    named = evaluate(mixed.predictions, own, "Validation", resampling=FEW)
    assert [point.point.name for point in named.points] == ["balanced", "high-sensitivity", "asked-for"]
    assert named.asked_for.confusion == mixed.asked_for.confusion


def test_nothing_is_dropped_in_silence(mixed):
    counts = mixed.counts()
    assert counts == {
        "films": 150,
        "patients": 75,
        "normal": 60,
        "bacterial": 50,
        "viral": 40,
        "unknown_subtype": 0,
        "not_assessed": 2,
    }


def test_json_brings_everything_back(mixed):
    text = json.dumps(mixed.to_json(), allow_nan=False)
    again = Evaluation.from_json(json.loads(text))
    assert again.to_json() == json.loads(text)
    assert np.array_equal(again.predictions.logits, mixed.predictions.logits)
    assert again.predictions.films == mixed.predictions.films
    assert (again.points, again.ranking, again.rule) == (mixed.points, mixed.ranking, mixed.rule)


@pytest.mark.parametrize("counts", [{"normal": 6}, {"viral": 6}])
def test_one_class_is_not_defined_and_no_crash(counts):
    result = evaluate(predictions(counts), RULE, "One", resampling=FEW)
    values = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert values["ranking"]["auc"] == {"value": None, "low": None, "high": None}
    assert values["ranking"]["brier"]["value"] is not None
    assert Evaluation.from_json(values).to_json() == values


def test_unknown_subtypes_count_as_pneumonia_only():
    result = evaluate(predictions({"normal": 10, "pneumonia": 10}), RULE, "Manifest", resampling=FEW)
    assert result.counts()["unknown_subtype"] == 10
    assert result.ranking["auc"].value is not None
    for name in ("three_class_accuracy", "auc_viral", "auc_bacterial", "auc_viral_share"):
        assert result.ranking[name].value is None
    assert result.main.metrics["recall_viral"].value is None


def test_one_film_is_enough():
    result = evaluate(predictions({"viral": 1}), RULE, "One film", resampling=FEW)
    assert result.main.metrics["accuracy"].value in (0, 1)


def test_large_scores_stay_in_order():
    films = tuple(film(kind, number) for kind, number in (("normal", 0), ("bacterial", 0), ("bacterial", 2)))
    logits = np.array([[0, 60, 60], [0, 70, 70], [0, 80, 80]], np.float32)  # every probability rounds to 1
    assert evaluate(Predictions(films, logits), RULE, "Sure", resampling=FEW).ranking["auc"].value == 1


def test_inputs_that_cannot_be_judged_are_refused():
    films = (film("normal", 0), film("viral", 0))
    with pytest.raises(DataError, match="none of the 3 films"):
        Predictions((), np.empty((0, 3), np.float32), predictions({"normal": 1}, refused=3).not_assessed)
    with pytest.raises(DataError, match=r"viral-0.*not finite"):
        Predictions(films, np.array([[0, 1, 2], [np.nan, 0, 0]], np.float32))
    with pytest.raises(ValueError, match="do not fit"):
        Predictions(films, np.zeros((1, 3), np.float32))
    with pytest.raises(ValueError, match="unheard-of"):
        replace(RULE, default="unheard-of")


def test_the_rule_travels_under_the_bundles_names():
    values = RULE.to_json()
    assert set(values) == {"calibration", "operating_points", "default_operating_point"}
    assert DecisionRule.from_json(json.loads(json.dumps(values))) == RULE
    assert values["operating_points"] == [asdict(point) for point in RULE.points]


def test_two_thousand_resamples_of_the_official_tests_size_take_seconds():
    films = predictions({"normal": 234, "bacterial": 242, "viral": 148})
    started = time.process_time()
    evaluate(films, RULE, "Size of the test")
    assert time.process_time() - started < 10
