"""The card of bundles that tests write."""

from typing import Any

from pneumoscope.bundle.card import AgeRange, BundleCard
from pneumoscope.decision.calibration import Calibration
from pneumoscope.decision.operating_point import OperatingPoint
from pneumoscope.decision.rule import DecisionRule

RULE = DecisionRule(
    Calibration(0.5, 0.1),
    (
        OperatingPoint("balanced", 0.5, "best balanced accuracy"),
        OperatingPoint("high-sensitivity", 0.2, "recall at least .98"),
    ),
    "balanced",
)


def make_card(**changes: Any) -> BundleCard:
    """A card that says of itself that it is a test's; its entries may be changed."""
    entries: dict[str, Any] = {
        "name": "tiny",
        "version": "0.0.1",
        "created": "2026-01-01T00:00:00+00:00",
        "licence": "Apache-2.0",
        "input_size": 224,
        "preprocessing": "bilinear, antialiased",
        "rule": RULE,
        "training": {},
        "ages": AgeRange(1, 6),
        "validation": {},
        "intended_use": "Tests.",
        "limits": ("Knows nothing but <brightness>.",),
    }
    return BundleCard(**entries | changes)
