import numpy as np
import pytest
from scipy.stats import beta, binom, norm

from pneumoscope.assurance.site.plan import consecutive_needed, normals_needed, plan, sentences, specificity_left


@pytest.mark.parametrize(("positives", "misses", "auc"), [(60, 0, 0.99), (60, 0, 0.9), (200, 4, 0.95), (300, 8, 0.95)])
def test_specificity_left_agrees_with_simulated_sites(positives: int, misses: int, auc: float) -> None:
    generator = np.random.default_rng(0)
    scores = np.sort(generator.normal(np.sqrt(2) * norm.ppf(auc), 1, (20_000, positives)), axis=1)
    simulated = norm.cdf(scores[:, misses]).mean()
    assert specificity_left(positives, misses, auc) == pytest.approx(simulated, abs=0.004)


def test_the_table_of_the_plan() -> None:
    made = plan(0.95, 0.95, 0.12)
    assert made.positives == 59
    assert made.needed["0.95"] == (59, 93, 124, 208)
    rows = {positives: (misses, left) for positives, _, misses, left in made.left}
    assert [misses for misses, _ in rows.values()] == [0, 0, 1, 4, 8]
    assert rows[60][1] == pytest.approx((0.81, 0.51, 0.32), abs=0.01)
    assert made.best == pytest.approx((0.95, 0.75, 0.57), abs=0.01)
    assert "collect 59 patients" in sentences(made)[0]
    assert f"{made.consecutive:,} children" in sentences(made)[2]


def test_too_few_patients_prove_nothing() -> None:
    made = plan(0.98)
    assert [(row[0], row[2]) for row in made.left] == [(60, None), (100, None), (149, 0), (200, 0), (300, 1)]
    assert made.left[0][3] is None
    assert made.consecutive is None


@pytest.mark.parametrize(("positives", "prevalence"), [(59, 0.12), (1, 0.5), (29, 0.02)])
def test_children_in_a_row_by_the_negative_binomial(positives: int, prevalence: float) -> None:
    children = consecutive_needed(positives, prevalence)
    assert binom.sf(positives - 1, children, prevalence) >= 0.95 > binom.sf(positives - 1, children - 1, prevalence)


@pytest.mark.parametrize(("expected", "width", "usual"), [(0.8, 0.05, 246), (0.9, 0.05, 139), (0.95, 0.03, 203)])
def test_normals_for_an_exact_interval(expected: float, width: float, usual: int) -> None:
    total = normals_needed(expected, width)
    hits = round(expected * total)
    half = (beta.ppf(0.975, hits + 1, total - hits) - beta.ppf(0.025, hits, total - hits + 1)) / 2
    assert half <= width
    assert usual < total < 1.25 * usual  # the usual formula is a little too small
