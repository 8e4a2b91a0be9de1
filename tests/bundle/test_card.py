import json
from dataclasses import asdict, replace
from typing import Any

import pytest
from cards import CARD

from pneumoscope.bundle.card import SCHEMA, BundleCard
from pneumoscope.decision.labels import CLASSES
from pneumoscope.errors import BundleError


def test_a_card_reads_back_what_was_written() -> None:
    assert BundleCard.from_json(CARD.to_json()) == CARD


def test_a_card_states_its_schema_and_class_order() -> None:
    content = json.loads(CARD.to_json())
    assert (content["schema"], tuple(content["classes"])) == (SCHEMA, CLASSES)


def test_equal_cards_have_equal_text_and_a_changed_threshold_changes_it() -> None:
    assert replace(CARD).to_json() == CARD.to_json()
    moved = replace(CARD, operating_points=[CARD.operating_points[0] | {"threshold": 0.123456789012346}])
    assert moved.to_json() != CARD.to_json()


@pytest.mark.parametrize("text", ["", "no json", "[]", "3", "null", '"schema"', "{}"])
def test_what_is_no_card_is_refused(text: str) -> None:
    with pytest.raises(BundleError, match="card cannot be read"):
        BundleCard.from_json(text)


@pytest.mark.parametrize("schema", [SCHEMA + 1, 0, "1", None])
def test_another_schema_is_refused(schema: Any) -> None:
    with pytest.raises(BundleError, match=f"has schema {schema}, this version reads {SCHEMA}; update"):
        BundleCard.from_json(json.dumps(asdict(CARD) | {"schema": schema}))


@pytest.mark.parametrize("missing", ["calibration", "limits", "classes"])
def test_a_missing_entry_is_refused(missing: str) -> None:
    content = {key: value for key, value in asdict(CARD).items() if key != missing}
    with pytest.raises(BundleError, match="missing or unknown entries"):
        BundleCard.from_json(json.dumps(content))


@pytest.mark.parametrize(
    "change",
    [{"colour": "grey"}, {"classes": ["normal", "viral", "bacterial"]}, {"classes": ["normal"]}, {"classes": None}],
    ids=str,
)
def test_an_unknown_entry_or_class_order_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BundleError, match="missing or unknown entries"):
        BundleCard.from_json(json.dumps(asdict(CARD) | change))
