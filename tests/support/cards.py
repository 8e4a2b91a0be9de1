"""A card for bundles that tests write."""

from pneumoscope.bundle.card import BundleCard
from pneumoscope.decision.calibration import Calibration
from pneumoscope.decision.operating_point import OperatingPoint
from pneumoscope.decision.rule import DecisionRule

CARD = BundleCard(
    name="tiny",
    version="1.2.3",
    created="2026-01-01T00:00:00+00:00",
    licence="Apache-2.0",
    input_size=224,
    preprocessing="bilinear",
    rule=DecisionRule(
        Calibration(0.7, -0.1), (OperatingPoint("balanced", 0.123456789012345, "best balanced accuracy"),), "balanced"
    ),
    training={"seed": 3, "radiographs": {"train": 10}},
    validation={"auc": 0.9},
    intended_use="Tests.",
    limits=("Knows nothing.", "Kennt Röntgenbilder nicht."),
)
