"""What is said of a result, against Bayes' theorem by counting films."""

import re
from dataclasses import replace

import numpy as np
import pytest
from tiny import film

from pneumoscope.decision.labels import Finding
from pneumoscope.screening.output.meaning import EXAMPLE, meaning
from pneumoscope.screening.screener import Screener


@pytest.mark.parametrize("probability", [0.05, 0.5, 0.9])
def test_the_films_of_a_score_are_counted_at_two_prevalences(screener: Screener, probability: float) -> None:
    fitted = 0.6
    screened = screener.screen(film(200))
    said = meaning(replace(screened, probability=probability, finding=Finding.UNCERTAIN, prevalence=fitted))
    assert "a person must read" in said
    at_example, at_fitted = map(int, re.findall(r"about (\d+)", said))
    assert at_fitted == round(1000 * probability)
    # Among films of which the share `fitted` is sick, so many of this score are sick and healthy, up to one factor.
    sick, healthy = probability / fitted, (1 - probability) / (1 - fitted)
    expected = EXAMPLE * sick / (EXAMPLE * sick + (1 - EXAMPLE) * healthy)
    assert at_example == round(1000 * expected)


def test_certainty_is_never_claimed(screener: Screener) -> None:
    result = replace(screener.screen(film(200)), prevalence=0.6)
    assert "all but a few" in meaning(replace(result, probability=1.0, finding=Finding.PNEUMONIA))
    assert "fewer than 1" in meaning(replace(result, probability=0.0, finding=Finding.NORMAL))


def test_an_unknown_prevalence_is_said(screener: Screener) -> None:
    assert "at which prevalence" in meaning(screener.screen(film(200)))
    assert meaning(screener.screen(np.zeros((300, 300), np.uint8))) == ""
