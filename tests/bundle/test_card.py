"""The card of a bundle: read as written, in two schemas, and refused where it cannot be trusted."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cards import make_card

from pneumoscope.bundle.card import AGES, SCHEMA, TRIAL, AgeRange, BundleCard
from pneumoscope.decision.calibration import Calibration
from pneumoscope.decision.labels import CLASSES
from pneumoscope.decision.operating_point import BASELINE, OperatingPoint
from pneumoscope.decision.rule import DecisionRule
from pneumoscope.errors import BundleError

OLD = Path(__file__).with_name("card-1.4.0.json")
"""The card of release 1.4.0, of schema 1."""

POINTS = (OperatingPoint("balanced", 0.8128622338685723, "score 0"), OperatingPoint("high-sensitivity", 0.2, "recall"))
CARD = make_card(
    rule=DecisionRule(Calibration(0.5, -0.25), POINTS, "balanced", 0.2),
    training={"seed": 0, "recipe": {"name": "smoke"}},
    validation={"title": "Validation", "points": []},
    ages=AgeRange(1, 6),
)


def changed(change: dict[str, Any]) -> str:
    return json.dumps(CARD.to_dict() | change)


def test_a_card_reads_back_what_was_written() -> None:
    assert BundleCard.from_json(CARD.to_json()) == CARD


def test_a_card_says_whether_its_model_was_for_a_trial() -> None:
    assert CARD.trial is None
    tried = replace(CARD, training={TRIAL: "Do not use it."})
    assert BundleCard.from_json(tried.to_json()).trial == "Do not use it."


def test_a_card_states_its_schema_and_class_order() -> None:
    content = json.loads(CARD.to_json())
    assert (content["schema"], tuple(content["classes"])) == (SCHEMA, CLASSES)


def test_equal_cards_have_equal_text_and_a_changed_threshold_changes_it() -> None:
    assert replace(CARD).to_json() == CARD.to_json()
    moved = replace(POINTS[0], threshold=POINTS[0].threshold + 1e-15)
    assert replace(CARD, rule=replace(CARD.rule, operating_points=(moved, POINTS[1]))).to_json() != CARD.to_json()


def test_a_card_of_schema_1_reads_in_the_words_of_today() -> None:
    stored = OLD.read_text()
    content, card = json.loads(stored), BundleCard.from_json(stored)
    assert content["schema"] == 1
    assert card.rule.calibration == Calibration(**content["calibration"])
    assert [point.threshold for point in card.rule.operating_points] == [
        point["threshold"] for point in content["operating_points"]
    ]
    assert [point.name for point in card.rule.operating_points] == ["balanced", "high-sensitivity", BASELINE]
    assert [point["name"] for point in card.validation["points"]] == ["balanced", "high-sensitivity", BASELINE]
    assert card.rule.default_operating_point == "balanced"
    assert (card.name, card.version, list(card.limits)) == (content["name"], content["version"], content["limits"])
    assert BundleCard.from_json(card.to_json()) == card


def test_a_card_of_schema_2_knows_two_answers() -> None:
    content = CARD.to_dict() | {"schema": 2}
    del content["rule"]["rule_out"]
    assert BundleCard.from_json(json.dumps(content)).rule == replace(CARD.rule, rule_out=None)
    assert BundleCard.from_json(json.dumps(content)).to_dict()["rule"]["rule_out"] is None


@pytest.mark.parametrize(("schema", "ages"), [(2, AGES), (3, None), (SCHEMA, None)])
def test_a_card_that_says_nothing_of_ages_has_those_of_its_time(schema: int, ages: AgeRange | None) -> None:
    content = {key: value for key, value in CARD.to_dict().items() if key != "ages"}
    assert BundleCard.from_json(json.dumps(content | {"schema": schema})).ages == ages


@pytest.mark.parametrize("text", ["", "no json", "[]", "3", "null", '"schema"', CARD.to_json()[:-9]])
def test_what_is_no_card_is_refused(text: str) -> None:
    with pytest.raises(BundleError, match="cannot be trusted"):
        BundleCard.from_json(text)


@pytest.mark.parametrize("schema", [SCHEMA + 1, 0, "1", None])
def test_another_schema_is_refused(schema: Any) -> None:
    with pytest.raises(BundleError, match=f"has schema {schema}, this version reads 1 to {SCHEMA}; update"):
        BundleCard.from_json(changed({"schema": schema}))


@pytest.mark.parametrize("missing", ["rule", "limits", "name"])
def test_a_missing_entry_is_refused(missing: str) -> None:
    content = {key: value for key, value in CARD.to_dict().items() if key != missing}
    with pytest.raises(BundleError, match=f"missing required field `{missing}`"):
        BundleCard.from_json(json.dumps(content))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"colour": "grey"}, "unknown entries colour"),
        ({"classes": ["normal", "viral", "bacterial"]}, "the classes are normal, viral, bacterial"),
        ({"classes": None}, "Expected `array`"),
        ({"input_size": 0}, "an input of 0 pixels"),
        ({"input_size": "224"}, "Expected `int`"),
        ({"limits": "none"}, "Expected `array`"),
        ({"ages": {"low": 6, "high": 1}}, "ages from 6.0 to below 1.0 years"),
        ({"ages": {"low": -1, "high": 1}}, "ages from -1.0"),
        ({"ages": {"low": 1, "high": 6, "outside": "guess"}}, "Invalid enum value"),
    ],
    ids=str,
)
def test_a_wrong_entry_is_refused_and_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(BundleError, match=said):
        BundleCard.from_json(changed(change))


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (
            {"operating_points": [{"name": "balanced", "threshold": 2.0, "policy": ""}]},
            "threshold of .balanced. is 2",
        ),
        ({"operating_points": [{"name": "balanced", "threshold": 0, "policy": ""}]}, "must lie between 0 and 1"),
        ({"operating_points": [{"name": "balanced", "threshold": "x", "policy": ""}]}, "Expected `float`"),
        ({"operating_points": []}, "no operating point is called 'balanced'"),
        ({"operating_points": 2 * [{"name": "balanced", "threshold": 0.5, "policy": ""}]}, "the same name"),
        ({"default_operating_point": "nothing"}, "no operating point is called 'nothing'"),
        ({"calibration": {"slope": -1.0, "intercept": 0.0}}, "slope of the calibration is -1.0"),
        ({"calibration": {"slope": 1.0}}, "missing required field `intercept`"),
    ],
    ids=str,
)
def test_a_rule_that_cannot_be_trusted_is_refused(rule: dict[str, Any], said: str) -> None:
    with pytest.raises(BundleError, match=said):
        BundleCard.from_json(changed({"rule": CARD.to_dict()["rule"] | rule}))


def test_a_threshold_that_is_no_number_is_refused() -> None:
    with pytest.raises(BundleError, match="cannot be trusted"):
        BundleCard.from_json(CARD.to_json().replace("0.8128622338685723", "NaN"))


def test_a_card_nested_without_end_is_refused() -> None:
    with pytest.raises(BundleError, match="cannot be trusted"):
        BundleCard.from_json("[" * 100_000)


def test_a_card_of_schema_1_may_have_the_baseline_as_its_default() -> None:
    stored = OLD.read_text()
    content = json.loads(stored) | {"default_operating_point": "asked-for"}
    assert BundleCard.from_json(json.dumps(content)).rule.operating_point().name == BASELINE
