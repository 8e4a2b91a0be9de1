"""Intervals: reproducible, by patient or by block, of the right width, honest where a resample cannot tell."""

import random
from statistics import quantiles

import numpy as np
import pytest

from pneumoscope.evaluation import bootstrap
from pneumoscope.evaluation.bootstrap import Proportion, Resampling, Unit, estimates

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


def by_block(hits, series, resampling):
    statistics = {"share": Proportion(hits, np.ones_like(hits))}
    return estimates(statistics, np.arange(len(hits)), resampling, series)["share"]


def plain_block_bootstrap(hits, series, block, count, seed):
    """The circular block bootstrap once more, film by film in plain Python."""
    draw, shares = random.Random(seed), []  # noqa: S311  no secret
    for _ in range(count):
        drawn = []
        for rows in series:
            taken = []
            while len(taken) < len(rows):
                first = draw.randrange(len(rows))
                taken += (rows + rows)[first : first + block]
            drawn += taken[: len(rows)]
        shares.append(sum(bool(hits[row]) for row in drawn) / len(drawn))
    cuts = quantiles(shares, n=40, method="inclusive")
    return cuts[0], cuts[-1]


@pytest.mark.parametrize("block", [7, 20])
def test_blocks_give_the_interval_of_a_plain_implementation(block):
    hits = np.random.default_rng(6).random(230) < 0.95
    hits[60:95] = False  # one run of errors
    series = [list(range(0, 90)), list(range(229, 89, -1))]
    expected = plain_block_bootstrap(hits, series, block, 6000, seed=1)
    found = by_block(hits, [np.array(rows) for rows in series], Resampling(6000, 3, Unit.BLOCK, block))
    assert (found.low, found.high) == pytest.approx(expected, abs=0.012)


@pytest.mark.parametrize("place", [0, 110, 220])
def test_a_run_of_errors_counts_the_same_wherever_it_lies(place):
    hits = np.ones(230, bool)
    hits[place : place + 10] = False
    found = by_block(hits, [np.arange(230)], Resampling(4000, unit=Unit.BLOCK))
    assert found.low < found.value < found.high
    assert (found.low, found.high) == pytest.approx((0.87, 1.0), abs=0.01)


def test_a_run_of_errors_widens_the_interval_by_block_and_scattered_errors_do_not():
    run, scattered = np.ones(400, bool), np.ones(400, bool)
    run[200:220], scattered[::8] = False, False
    blocks, one_by_one = Resampling(unit=Unit.BLOCK), Resampling(unit=Unit.BLOCK, block=1)
    order = [np.arange(400)]

    def width(hits, resampling):
        found = by_block(hits, order, resampling)
        return found.high - found.low

    assert width(run, blocks) > 2.5 * width(run, one_by_one)
    assert width(scattered, blocks) < 0.5 * width(scattered, one_by_one)


def test_blocks_stay_inside_their_series():
    hits = np.arange(100) < 50  # one series is all right, the other all wrong
    found = by_block(hits, [np.arange(50), np.arange(50, 100)], Resampling(200, unit=Unit.BLOCK))
    assert (found.value, found.low, found.high) == (0.5, None, None)


@pytest.mark.parametrize("series", [[], [np.arange(9)], [np.arange(10), np.array([3])]])
def test_series_that_do_not_hold_every_radiograph_once_are_refused(series):
    with pytest.raises(ValueError, match="every radiograph once"):
        by_block(np.ones(10, bool), series, Resampling(unit=Unit.BLOCK))
