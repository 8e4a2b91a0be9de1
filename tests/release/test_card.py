"""From a run's validation to the rule and the card of its bundle."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pneumoscope.bundle.card import BundleCard
from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.decision.labels import Label, Subtype
from pneumoscope.errors import DataError
from pneumoscope.imaging import INPUT_SIZE
from pneumoscope.release.card import LIMITS, build_card, describe_preprocessing
from pneumoscope.release.fit_rule import fit_rule
from pneumoscope.release.validation import VALIDATION, evaluate_validation
from pneumoscope.training.config import RunConfig
from pneumoscope.training.recipes import RECIPES
from pneumoscope.training.run_folder import FinishedRun

KINDS = ((Label.NORMAL, None), (Label.PNEUMONIA, Subtype.BACTERIAL), (Label.PNEUMONIA, Subtype.VIRAL))


@pytest.fixture(scope="module")
def run() -> FinishedRun:
    """A run with 150 validation radiographs that its network tells apart, though not wholly."""
    radiographs = [
        LabelledRadiograph(Path(f"/clinic/{number}.png"), *KINDS[number % 3], f"patient {number}", "val")
        for number in range(150)
    ]
    logits = 2 * np.eye(3)[np.arange(150) % 3] + np.random.default_rng(0).normal(0, 1, (150, 3))
    config = RunConfig(
        RECIPES["quick"], 7, "/clinic", "/w.h5", "a" * 64, "f" * 64, {"val": 150}, "tensorflow", "float32", {}
    )
    return FinishedRun(Path("/run"), config, [], radiographs, logits.astype(np.float32))


def test_the_rule_is_fitted_to_the_validation_radiographs_and_judged_on_them(run: FinishedRun) -> None:
    evaluation = evaluate_validation(run)
    positive = np.array([labelled.positive for labelled in run.radiographs])
    assert evaluation.rule == fit_rule(run.logits, positive)
    assert evaluation.title == VALIDATION
    (tn, fp), (fn, tp) = evaluation.main.confusion
    found = evaluation.rule.probability(run.logits) >= evaluation.main.threshold
    assert (tp, fp) == ((found & positive).sum(), (found & ~positive).sum())
    assert tn + fp + fn + tp == 150


def test_a_network_that_ranks_the_wrong_way_round_gets_no_rule(run: FinishedRun) -> None:
    with pytest.raises(DataError, match="rank normal radiographs above pneumonias"):
        evaluate_validation(replace(run, logits=-run.logits))


def test_the_card_tells_rule_training_and_limits_and_not_where_files_lay(run: FinishedRun) -> None:
    evaluation = evaluate_validation(run)
    card = build_card(evaluation, run.config, "model", "1.2.3")
    assert BundleCard.from_json(card.to_json()) == card
    assert (card.name, card.version, card.rule, card.limits) == ("model", "1.2.3", evaluation.rule, LIMITS)
    assert card.training == run.config.provenance()
    assert card.validation["counts"]["films"] == 150
    assert "clinic" not in card.to_json()
    assert "patient 7" not in card.to_json()


def test_the_card_tells_at_what_size_the_network_reads() -> None:
    quick = RECIPES["quick"]
    assert "The network reads it at 128 pixels." in describe_preprocessing(quick)
    assert "The network reads" not in describe_preprocessing(replace(quick, inference_size=INPUT_SIZE))
