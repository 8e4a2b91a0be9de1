"""Intervals: reproducible, by patient, of the right width, honest where a resample cannot tell."""

import numpy as np
import pytest

from pneumoscope.evaluation import bootstrap
from pneumoscope.evaluation.bootstrap import Proportion, Resampling, estimates

EVERYONE = np.ones(200, dtype=bool)
TWO_THOUSAND = Resampling()


def share(hits, patients, resampling=TWO_THOUSAND):
    return estimates({"share": Proportion(hits, np.ones_like(hits))}, patients, resampling)["share"]


def test_the_seed_decides():
    hits, patients = np.random.default_rng(0).random(200) < 0.8, np.arange(200)
    first = share(hits, patients, Resampling(300, seed=4))
    assert first == share(hits, patients, Resampling(300, seed=4))
    assert first != share(hits, patients, Resampling(300, seed=5))


def test_single_films_get_the_binomial_interval():
    hits = np.arange(400) < 320
    found = share(hits, np.arange(400))
    half = 1.96 * np.sqrt(0.8 * 0.2 / 400)
    assert found.value == 0.8
    assert (found.low, found.high) == pytest.approx((0.8 - half, 0.8 + half), abs=0.006)


def test_copies_of_a_film_add_no_certainty():
    hits = np.random.default_rng(1).random(50) < 0.8
    single = share(hits, np.arange(50))
    copied, patients = np.repeat(hits, 8), np.repeat(np.arange(50), 8)
    by_patient, by_film = share(copied, patients), share(copied, np.arange(400))
    assert by_patient == single
    assert by_patient.high - by_patient.low > 2 * (by_film.high - by_film.low)


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    generator = np.random.default_rng(2)
    patients = np.repeat(np.arange(100), 3)
    covered = 0
    for seed in range(200):
        sick = generator.beta(4, 1, 100)  # the mean over patients is .8, and films of a patient agree
        hits = generator.random(300) < sick[patients]
        found = share(hits, patients, Resampling(300, seed))
        covered += found.low <= 0.8 <= found.high
    assert 0.89 <= covered / 200 <= 0.99


def test_blocks_do_not_change_the_draws(monkeypatch):
    hits, patients = np.random.default_rng(3).random(200) < 0.7, np.arange(200) // 2
    whole = share(hits, patients, Resampling(100))
    monkeypatch.setattr(bootstrap, "_ELEMENTS", 200 * 7)
    assert share(hits, patients, Resampling(100)) == whole


def test_a_flawless_share_gets_the_exact_bound_for_its_patients():
    patients = np.arange(200) // 4
    all_right, all_wrong = share(EVERYONE, patients), share(~EVERYONE, patients)
    assert (all_right.value, all_right.high) == (1, 1)
    assert all_right.low == pytest.approx(0.025 ** (1 / 50))
    assert (all_wrong.low, all_wrong.high) == pytest.approx((0, 1 - 0.025 ** (1 / 50)))


def test_undefined_stays_undefined_and_rare_definition_gets_an_interval():
    nobody, one = np.zeros(20, bool), np.arange(20) == 3
    half = np.arange(20) % 2 == 0
    found = estimates(
        {"none": Proportion(nobody, nobody), "rare": Proportion(one & half, one | (np.arange(20) == 4))},
        np.arange(20),
        Resampling(500),
    )
    assert (found["none"].value, found["none"].low, found["none"].high) == (None, None, None)
    assert (found["rare"].value, found["rare"].low, found["rare"].high) == (0, 0, pytest.approx(1 - 0.025**0.5))


def test_resamples_that_agree_give_no_interval():
    def constant(weights):
        return np.ones(len(weights))

    found = estimates({"auc": constant}, np.arange(10), Resampling(50))["auc"]
    assert (found.value, found.low, found.high) == (1, None, None)
