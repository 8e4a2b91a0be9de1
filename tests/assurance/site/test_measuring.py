from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from sites import RULE, SUBJECT, judged_film, make_films, make_validation
from sklearn.metrics import confusion_matrix, roc_auc_score

from pneumoscope.assurance.site.films import JudgedFilms
from pneumoscope.assurance.site.measuring import measure, wrong_answers
from pneumoscope.assurance.site.validation import read_validation
from pneumoscope.decision.labels import Label
from pneumoscope.errors import DataError
from pneumoscope.imaging import Reason


def test_every_threshold_is_counted_as_scikit_learn_does() -> None:
    films = make_films()
    made = make_validation(films, 0.1)
    for row in made.thresholds:
        (tn, fp), (fn, tp) = confusion_matrix(films.positive, films.probability >= row.threshold)
        assert (row.cleared, row.false_alarms, row.missed, row.found) == (tn, fp, fn, tp)
        recall, specificity = tp / (tp + fn), tn / (tn + fp)
        assert row.recall.value == pytest.approx(recall)
        assert row.alerts == pytest.approx(100 * recall + 900 * (1 - specificity))
        assert row.missed_in_1000 == pytest.approx(100 * (1 - recall))
        if tp + fp:
            assert row.ppv == pytest.approx(100 * recall / (100 * recall + 900 * (1 - specificity)))
    assert made.auc.value == pytest.approx(roc_auc_score(films.positive, films.score))
    assert [row.threshold for row in made.thresholds] == sorted({row.threshold for row in made.thresholds})
    assert made.main.name == "balanced"


def test_three_answers_and_refusals_are_counted_by_label() -> None:
    rule = replace(RULE, rule_out=0.3)
    films = [
        judged_film(number, label, score, finding=rule.finding(1 / (1 + 2.718281828**-score), rule.operating_point()))
        for number, (label, score) in enumerate(
            [(Label.NORMAL, -3.0), (Label.NORMAL, 0.0), (Label.PNEUMONIA, 0.5), (Label.PNEUMONIA, 3.0)]
        )
    ]
    refused = judged_film(9, Label.PNEUMONIA, None, reason=Reason.TRUNCATED, view="AP")
    made = measure(JudgedFilms.of([*films, refused]), rule, SUBJECT, "films", 0.5)
    assert made.answers == {
        "normal": {"normal": 1, "uncertain": 1, "pneumonia": 0, "not_assessed": 0},
        "pneumonia": {"normal": 0, "uncertain": 1, "pneumonia": 1, "not_assessed": 1},
    }
    assert made.uncertain == 0.5
    assert made.refusals == {"truncated": {"normal": 0, "pneumonia": 1}}
    assert [row.name for row in made.points] == ["rule-out", "balanced"]
    lost = next(row for row in made.groups["view"] if row.name == "AP")
    assert (lost.pneumonia, lost.not_assessed, lost.recall.value, lost.uncertain) == (0, 1, None, None)


def test_groups_are_measured_apart() -> None:
    films = make_films()
    split = JudgedFilms(tuple(replace(film, view="AP" if n % 2 else "PA") for n, film in enumerate(films.films)))
    made = measure(split, RULE, SUBJECT, "films")
    assert made.prevalence == pytest.approx(films.positive.mean())
    assert not made.prevalence_stated
    for row, parity in zip(made.groups["view"], (1, 0), strict=True):
        mine = [n for n in range(len(films.films)) if n % 2 == parity]
        called = films.probability[mine] >= 0.8
        assert row.recall.value == pytest.approx(called[films.positive[mine]].mean())
        assert row.auc.value == pytest.approx(roc_auc_score(films.positive[mine], films.score[mine]))


def test_one_class_and_a_wrong_prevalence_are_refused() -> None:
    films = make_films(5, 5)
    with pytest.raises(DataError, match="both labels"):
        measure(JudgedFilms(films.films[:5]), RULE, SUBJECT, "films")
    with pytest.raises(DataError, match="prevalence"):
        measure(films, RULE, SUBJECT, "films", 1.5)


def test_the_record_comes_back(tmp_path: Path) -> None:
    made, path = make_validation(make_films(30, 30)), tmp_path / "validation.json"
    path.write_bytes(msgspec.json.encode(made))
    assert read_validation(path) == made
    path.write_bytes(msgspec.json.encode(replace(made, schema=2)))
    with pytest.raises(DataError, match="schema 2"):
        read_validation(path)
    path.write_text("{}")
    with pytest.raises(DataError, match="validate the films again"):
        read_validation(path)


def test_the_worst_answers_come_first() -> None:
    films = make_films()
    missed, alarms = wrong_answers(films, RULE)
    assert [film.score for film in missed] == sorted(film.score for film in missed)
    assert [film.score for film in alarms] == sorted((film.score for film in alarms), reverse=True)
    row = make_validation(films).main
    assert (len(missed), len(alarms)) == (row.missed, row.false_alarms)
