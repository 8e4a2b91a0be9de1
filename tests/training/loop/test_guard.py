import numpy as np
import pytest

from pneumoscope.errors import TrainingError
from pneumoscope.training.loop.guard import CollapseError, check_finite, check_loss, check_predictions

POSITIVE = np.repeat([False, True], [40, 60])


@pytest.mark.parametrize("loss", [0.0, 0.7, 50.0])
def test_a_finite_loss_passes(loss: float) -> None:
    check_loss(loss, 1e-3)


@pytest.mark.parametrize("loss", [np.nan, np.inf, -np.inf])
def test_a_loss_that_is_no_number_is_explained(loss: float) -> None:
    with pytest.raises(CollapseError, match=r"The loss is (nan|-?inf): training has diverged") as caught:
        check_loss(loss, 3e-2)
    assert "a learning rate (0.03)" in str(caught.value)


@pytest.mark.parametrize(("found", "cleared"), [(1.0, 1.0), (0.11, 1.0), (1.0, 0.11), (0.5, 0.5)])
def test_predictions_of_both_classes_pass(found: float, cleared: float) -> None:
    check_predictions(_logits(found, cleared), POSITIVE, 1e-4)


def _logits(found: float, cleared: float) -> np.ndarray:
    """Logits (100, 3) under which these shares of the pneumonias are found and of the normals cleared."""
    called = np.repeat([True, False], [40, 60])
    called[: round(40 * cleared)] = False
    called[40 : 40 + round(60 * found)] = True
    return _say(called)


def _say(called: np.ndarray) -> np.ndarray:
    """Logits (N, 3) that call these pneumonia."""
    return np.where(called, 2.0, -2.0)[:, None] * [0, 1, 1]


@pytest.mark.parametrize(
    ("found", "cleared", "seen"),
    [
        (1.0, 0.0, "100.0% of the validation radiographs are called pneumonia (recall 100.0%, specificity 0.0%)"),
        (0.0, 1.0, "100.0% of the validation radiographs are called normal (recall 0.0%, specificity 100.0%)"),
        (1.0, 0.05, "98.0% of the validation radiographs are called pneumonia (recall 100.0%, specificity 5.0%)"),
        (0.05, 1.0, "97.0% of the validation radiographs are called normal (recall 5.0%, specificity 100.0%)"),
    ],
)
def test_a_collapse_is_told_with_its_likely_cause_and_the_way_out(found: float, cleared: float, seen: str) -> None:
    with pytest.raises(CollapseError) as caught:
        check_predictions(_logits(found, cleared), POSITIVE, 1e-2)
    message = str(caught.value)
    assert seen in message
    assert "a learning rate (0.01)" in message
    assert "--recipe default or --recipe quick" in message


@pytest.mark.parametrize("spoilt", [np.nan, np.inf])
def test_logits_that_are_no_numbers_are_a_collapse(spoilt: float) -> None:
    logits = _logits(1.0, 1.0)
    check_finite(logits, 1e-2)
    logits[50, 1] = spoilt
    with pytest.raises(CollapseError, match="not finite"):
        check_finite(logits, 1e-2)


def test_a_collapse_ends_the_command_with_4() -> None:
    assert issubclass(CollapseError, TrainingError)
    assert CollapseError.exit_code == 4


@pytest.mark.parametrize("few", [[24, 100], [100, 24]])
def test_on_few_radiographs_collapse_is_not_told_from_chance(few: list[int]) -> None:
    positive = np.repeat([False, True], few)
    for called in (np.ones(len(positive), bool), np.zeros(len(positive), bool)):
        check_predictions(_say(called), positive, 1e-2)


def test_on_enough_radiographs_it_is() -> None:
    positive = np.repeat([False, True], 25)
    with pytest.raises(CollapseError):
        check_predictions(_say(np.ones(50, bool)), positive, 1e-2)
