"""A card for bundles that tests write."""

from pneumoscope.bundle.card import BundleCard

CARD = BundleCard(
    name="tiny",
    version="1.2.3",
    created="2026-01-01T00:00:00+00:00",
    licence="Apache-2.0",
    input_size=224,
    preprocessing="bilinear",
    calibration={"slope": 0.7, "intercept": -0.1},
    operating_points=[{"name": "balanced", "threshold": 0.123456789012345, "policy": "best balanced accuracy"}],
    default_operating_point="balanced",
    training={"seed": 3, "films": {"train": 10}},
    validation={"auc": 0.9},
    intended_use="Tests.",
    limits=["Knows nothing.", "Kennt Röntgenbilder nicht."],
)
