"""The released bundle: what it is, and that it still decides as it did when it was evaluated."""

import csv
import hashlib
import json
from pathlib import Path

import pytest

import pneumoscope
from pneumoscope.bundle.card import RELEASED
from pneumoscope.decision.operating_point import BASELINE_THRESHOLD
from pneumoscope.screening.result import Status

RECORDED = Path(__file__).parents[1] / "docs" / "evidence" / "test-screening.csv"
EVERY = 26
"""One test film in so many is screened again here: 24 films. All of them: docs/evidence/README.md."""


@pytest.fixture(scope="module")
def evaluation() -> dict:
    return json.loads(RELEASED.with_name("evaluation.json").read_text())


def test_evaluation_is_of_this_very_file(evaluation):
    assert hashlib.sha256(RELEASED.read_bytes()).hexdigest() == evaluation["bundle_sha256"]
    assert RELEASED.stat().st_size <= 50_000_000
    assert evaluation["counts"]["films"] == 624
    assert evaluation["reference"] is True


def test_beats_the_system_that_was_asked_for_at_the_same_threshold(evaluation):
    [point] = [row for row in evaluation["points"] if row["threshold"] == BASELINE_THRESHOLD]
    assert point["metrics"]["accuracy"]["value"] > 0.902
    assert point["metrics"]["recall"]["value"] > 0.931
    assert point["metrics"]["balanced_accuracy"]["value"] > 0.893
    assert point["confusion"][1][0] < 27


def test_decides_as_recorded(real_films):
    rows = list(csv.DictReader(RECORDED.read_text().splitlines()))
    assert len(rows) == 624
    chosen = rows[::EVERY]
    screener = pneumoscope.load()
    results = screener.screen_many([real_films / "test" / row["path"] for row in chosen])
    for row, result in zip(chosen, results, strict=True):
        assert result.finding == row["finding"], row["path"]
        assert result.score == pytest.approx(float(row["score"]), abs=0.01)
        assert row["model_sha256"] == screener.model.sha256


@pytest.mark.slow
def test_screens_films_as_first_published(original_films):
    results = list(pneumoscope.load().screen_many(sorted(original_films.rglob("*.jpeg"))))
    assert len(results) == 60
    assert all(result.status is Status.SCREENED for result in results)


def test_tells_the_synthetic_samples_apart():
    samples = Path(pneumoscope.__file__).with_name("samples")
    screener = pneumoscope.load()
    for film in sorted(samples.glob("*.png")):
        expected = "normal" if "normal" in film.name else "pneumonia"
        assert screener.screen(film).finding == expected, film.name
