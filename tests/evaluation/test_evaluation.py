"""One evaluation: the numbers fit together, degenerate films do not crash it, JSON brings all of it back."""

import json
import time
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from sklearn import metrics as sk
from synthetic import MIXED, RULE, in_series, labelled, predictions

from pneumoscope.decision.operating_point import BASELINE, BASELINE_THRESHOLD, OperatingPoint
from pneumoscope.decision.score import viral_share
from pneumoscope.errors import DataError
from pneumoscope.evaluation import Evaluation, Predictions, Resampling, Unit, evaluate

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
    assert np.array_equal(mixed.three_class.confusion, sk.confusion_matrix(mixed.predictions.classes, said))
    expected = sk.accuracy_score(mixed.predictions.classes, said)
    assert mixed.ranking["three_class_accuracy"].value == pytest.approx(expected)


def test_every_interval_holds_its_value(mixed):
    at_points = [estimate for point in mixed.points for estimate in point.metrics.values()]
    everything = [*mixed.ranking.values(), *mixed.viral.metrics.values(), *at_points]
    assert len(everything) == 8 + 3 + 2 * 7
    assert all(e.low <= e.value <= e.high for e in everything if e is not mixed.ranking["calibration_error"])


def test_the_baselines_threshold_is_added_on_the_official_test_only(mixed):
    assert [point.threshold for point in mixed.points] == [0.55, 0.2]
    assert mixed.baseline is None
    official = evaluate(mixed.predictions, RULE, "Official test", reference=True, resampling=FEW)
    assert [(point.name, point.threshold) for point in official.points[2:]] == [(BASELINE, BASELINE_THRESHOLD)]
    own = replace(RULE, operating_points=(*RULE.operating_points, OperatingPoint("mine", BASELINE_THRESHOLD, "own")))
    named = evaluate(mixed.predictions, own, "Official test", reference=True, resampling=FEW)
    assert [point.name for point in named.points] == ["balanced", "high-sensitivity", "mine"], "once is enough"
    assert named.baseline.confusion == official.baseline.confusion


def test_blocks_are_drawn_where_every_radiograph_has_a_place_in_a_long_series():
    long, short = in_series({"normal": 40, "viral": 40}), in_series({"normal": 40, "viral": 39})
    assert [len(rows) for rows in long.series] == [40, 40]
    numbers = [[int(long.radiographs[row].patient.rpartition("/")[2]) for row in rows] for rows in long.series]
    assert numbers == [sorted(each) for each in numbers]
    judged = evaluate(long, RULE, "Long")
    assert judged.resampling.unit is Unit.BLOCK
    assert judged.to_dict()["resampling"] == {"count": 2000, "seed": 0, "unit": "acquisition block", "block": 20}
    assert evaluate(short, RULE, "Short").resampling.unit is Unit.PATIENT
    one_unplaced = Predictions((*long.radiographs, labelled("viral", 7)), np.vstack([long.logits, [[0, 1, 2]]]))
    assert one_unplaced.series == ()
    assert evaluate(one_unplaced, RULE, "Mixed").resampling.unit is Unit.PATIENT


def test_the_viral_answer_is_counted_by_label(mixed):
    called = RULE.viral_probability(mixed.predictions.logits) >= 0.5
    classes = mixed.predictions.classes
    assert mixed.viral.called == {
        "normal": int(called[classes == 0].sum()),
        "bacterial": int(called[classes == 1].sum()),
        "viral": int(called[classes == 2].sum()),
        "unknown_subtype": 0,
    }
    assert mixed.viral.metrics["viral_recall"].value == pytest.approx(sk.recall_score(classes == 2, called))
    assert mixed.viral.metrics["viral_precision"].value == pytest.approx(sk.precision_score(classes == 2, called))
    expected = sk.roc_auc_score(classes == 2, RULE.viral_probability(mixed.predictions.logits))
    assert mixed.viral.metrics["viral_auc"].value == pytest.approx(expected)
    alarms = (mixed.probability >= 0.55) & (classes == 0)
    assert mixed.viral.false_alarms == alarms.sum() == mixed.main.confusion[0][1]
    assert mixed.viral.false_alarms_called_viral == (alarms & called).sum()


def test_viral_counts_as_separated_only_where_recall_and_precision_are_both_shown_to_be_high():
    right = np.array([[8, 0, 0], [0, 8, 0], [0, 0, 8]], np.float32)

    def separated(each, logits):
        kinds = ("normal", "bacterial", "viral")
        every = tuple(labelled(kind, number) for kind in kinds for number in range(each))
        return evaluate(Predictions(every, logits), RULE, "Three kinds", resampling=FEW).viral.separated

    perfect = np.repeat(right, 100, axis=0)
    assert separated(100, perfect) is True
    missed = perfect.copy()
    missed[200:220] = [0, 8, 0]
    assert separated(100, missed) is False, "recall .8"
    overcalled = perfect.copy()
    overcalled[100:120] = [0, 0, 8]
    assert separated(100, overcalled) is False, "precision .83"
    assert separated(4, np.repeat(right, 4, axis=0)) is False, "four viral radiographs show nothing"
    assert separated(100, perfect[:, [0, 2, 1]]) is False, "never called viral"


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
    text = json.dumps(mixed.to_dict(), allow_nan=False)
    again = Evaluation.from_dict(json.loads(text))
    assert again.to_dict() == json.loads(text)
    assert np.array_equal(again.predictions.logits, mixed.predictions.logits)
    assert again.predictions.radiographs == mixed.predictions.radiographs
    assert again.predictions.not_assessed == mixed.predictions.not_assessed
    same = ("title", "points", "ranking", "rule", "viral", "three_class", "resampling")
    assert [getattr(again, name) for name in same] == [getattr(mixed, name) for name in same]
    with pytest.raises(msgspec.ValidationError):
        Evaluation.from_dict(json.loads(text) | {"points": 3})


@pytest.mark.parametrize("counts", [{"normal": 6}, {"viral": 6}])
def test_one_class_is_not_defined_and_no_crash(counts):
    result = evaluate(predictions(counts), RULE, "One", resampling=FEW)
    values = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert values["ranking"]["auc"] == {"value": None, "low": None, "high": None}
    assert values["ranking"]["brier"]["value"] is not None
    assert Evaluation.from_dict(values).to_dict() == values


def test_unknown_subtypes_count_as_pneumonia_only():
    result = evaluate(predictions({"normal": 10, "pneumonia": 10}), RULE, "Manifest", resampling=FEW)
    assert result.counts()["unknown_subtype"] == 10
    assert result.ranking["auc"].value is not None
    for name in ("three_class_accuracy", "auc_viral", "auc_bacterial", "auc_viral_share"):
        assert result.ranking[name].value is None
    assert {estimate.value for estimate in result.viral.metrics.values()} == {None}
    assert result.viral.separated is None
    assert result.main.metrics["recall_viral"].value is None


def test_one_film_is_enough():
    result = evaluate(predictions({"viral": 1}), RULE, "One film", resampling=FEW)
    assert result.main.metrics["accuracy"].value in (0, 1)


def test_large_scores_stay_in_order():
    every = tuple(labelled(kind, number) for kind, number in (("normal", 0), ("bacterial", 0), ("bacterial", 2)))
    logits = np.array([[0, 60, 60], [0, 70, 70], [0, 80, 80]], np.float32)  # every probability rounds to 1
    assert evaluate(Predictions(every, logits), RULE, "Sure", resampling=FEW).ranking["auc"].value == 1


def test_inputs_that_cannot_be_judged_are_refused():
    both = (labelled("normal", 0), labelled("viral", 0))
    with pytest.raises(DataError, match="none of the 3 films"):
        Predictions((), np.empty((0, 3), np.float32), predictions({"normal": 1}, refused=3).not_assessed)
    with pytest.raises(DataError, match=r"viral-0.*not finite"):
        Predictions(both, np.array([[0, 1, 2], [np.nan, 0, 0]], np.float32))
    with pytest.raises(ValueError, match="do not fit"):
        Predictions(both, np.zeros((1, 3), np.float32))


@pytest.mark.parametrize("drawn", [predictions, in_series])
def test_two_thousand_resamples_of_the_official_tests_size_take_seconds(drawn):
    size_of_the_test = drawn({"normal": 234, "bacterial": 242, "viral": 148})
    started = time.process_time()
    evaluate(size_of_the_test, RULE, "Size of the test")
    assert time.process_time() - started < 10
