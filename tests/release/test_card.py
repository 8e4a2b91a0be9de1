"""From a run's validation to the rule and the card of its bundle."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pneumoscope.bundle.card import BundleCard
from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.data.public.fetch import CITATION
from pneumoscope.decision.labels import Label, Subtype
from pneumoscope.errors import DataError
from pneumoscope.imaging import INPUT_SIZE
from pneumoscope.release.card import Statement, build_card, describe_preprocessing
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
    assert evaluation.rule == fit_rule(run.logits, run.radiographs)
    assert evaluation.title == VALIDATION
    (tn, fp), (fn, tp) = evaluation.main.confusion
    found = evaluation.rule.probability(run.logits) >= evaluation.main.threshold
    assert (tp, fp) == ((found & positive).sum(), (found & ~positive).sum())
    assert tn + fp + fn + tp == 150


def test_a_network_that_ranks_the_wrong_way_round_gets_no_rule(run: FinishedRun) -> None:
    with pytest.raises(DataError, match="rank normal radiographs above pneumonias"):
        evaluate_validation(replace(run, logits=-run.logits))


STATEMENT = Statement("model", "1.2.3")


def _card(run: FinishedRun, statement: Statement = STATEMENT, **changes: Any) -> BundleCard:
    return build_card(evaluate_validation(run), replace(run.config, **changes), statement)


def test_the_card_tells_rule_and_training_and_not_where_files_lay(run: FinishedRun) -> None:
    card = _card(run, source="/clinic/patients/films")
    assert BundleCard.from_json(card.to_json()) == card
    assert (card.name, card.version, card.rule) == ("model", "1.2.3", evaluate_validation(run).rule)
    assert card.training.items() >= run.config.provenance().items()
    assert card.validation["counts"]["films"] == 150
    assert "clinic" not in card.to_json()
    assert "patient 7" not in card.to_json()
    assert card.trial is None


def test_a_model_of_ones_own_films_says_nothing_of_others_and_claims_no_licence(run: FinishedRun) -> None:
    card = _card(run)
    for word in ("Guangzhou", "children", "Kermany", "CC BY", "Apache"):
        assert word not in card.to_json()
    assert card.licence == "not stated"
    assert card.limits[0] == (
        "It was trained on the films of 'clinic', as given by whoever trained it. Whom they show is not stated."
    )
    assert card.intended_use.startswith("Research on screening frontal chest films like those that it was trained on")
    assert card.training["data"]["population"] == "not stated"


def test_whom_the_films_show_can_be_stated(run: FinishedRun) -> None:
    card = _card(run, replace(STATEMENT, population="adults of one hospital in Lyon", licence="MIT"))
    assert card.licence == "MIT"
    assert card.limits[0].endswith("They show adults of one hospital in Lyon.")
    assert "frontal chest films, of adults of one hospital in Lyon, for pneumonia" in card.intended_use
    assert card.training["data"]["population"] == "adults of one hospital in Lyon"


def test_a_model_of_the_public_release_names_and_credits_it(run: FinishedRun) -> None:
    card = _card(run, public_release=True)
    assert "children aged 1 to 5 of one hospital in Guangzhou" in card.limits[0]
    assert "children aged 1 to 5" in card.intended_use
    assert card.training["data"] == {
        "source": CITATION,
        "population": "children aged 1 to 5 of one hospital in Guangzhou",
        "licence": "CC BY 4.0",
    }
    assert card.licence == "not stated"
    with pytest.raises(DataError, match="whose population is known; leave --population out"):
        _card(run, replace(STATEMENT, population="adults"), public_release=True)


@pytest.mark.parametrize("name", ["<b>films</b>\n", "films\x1b[31m", os.fsdecode(b"M\xfcller")])
def test_the_name_of_a_folder_is_escaped(run: FinishedRun, name: str) -> None:
    card = _card(run, source=f"/data/{name}")
    assert card.limits[0].isprintable()
    assert BundleCard.from_json(card.to_json()) == card


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"recipe": RECIPES["smoke"]}, "recipe smoke"), ({"imagenet": None, "imagenet_sha256": None}, "random weights")],
    ids=["smoke", "random"],
)
def test_a_model_for_a_trial_says_so(run: FinishedRun, changes: dict[str, Any], said: str) -> None:
    trial = _card(run, **changes).trial
    assert said in trial
    assert trial.endswith("do not use it.")


def test_why_high_sensitivity_is_missing_is_among_the_limits(run: FinishedRun) -> None:
    assert _card(run).limits[-1] == (
        "It has no operating point high-sensitivity: 100 pneumonias were held out, and a recall of 0.98 is proven on "
        "149 at the least."
    )
    twice = replace(run, radiographs=run.radiographs * 2, logits=np.tile(run.logits, (2, 1)))
    assert not any("high-sensitivity" in limit for limit in _card(twice).limits)


def test_the_card_tells_at_what_size_the_network_reads() -> None:
    quick = RECIPES["quick"]
    assert "The network reads it at 128 pixels." in describe_preprocessing(quick)
    assert "The network reads" not in describe_preprocessing(replace(quick, inference_size=INPUT_SIZE))
