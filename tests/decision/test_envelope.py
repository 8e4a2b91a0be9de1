from typing import Any

import numpy as np
import pytest

from pneumoscope.decision.envelope import KINDS, Envelope, Kind, margin

ENVELOPE = Envelope(1.0, 3.0, 0.1)


def content(**logits: float) -> np.ndarray:
    return np.array([logits.get(kind, -5.0) for kind in KINDS], np.float32)


def test_there_are_ten_kinds_and_the_first_is_what_may_be_judged() -> None:
    assert (len(KINDS), KINDS[0]) == (10, Kind.FRONTAL)
    assert Kind.UNKNOWN not in KINDS


@pytest.mark.parametrize(
    ("logits", "novelty", "kind"),
    [
        ({"frontal": 4}, 3.0, Kind.FRONTAL),
        ({"frontal": 4, "lateral": 3}, 3.0, Kind.FRONTAL),
        ({"frontal": 4, "lateral": 3.001}, 0.0, Kind.LATERAL),
        ({"frontal": 4, "inverted": 9}, 9.0, Kind.INVERTED),
        ({"frontal": 4}, 3.001, Kind.UNKNOWN),
    ],
)
def test_a_kind_follows_from_margin_and_novelty(logits: dict[str, float], novelty: float, kind: Kind) -> None:
    assert ENVELOPE.kind(content(**logits), novelty) is kind


def test_the_margin_is_the_lead_over_the_next_kind() -> None:
    many = np.stack([content(frontal=2, lateral=-1), content(frontal=-7)])
    np.testing.assert_allclose(margin(many), [3, -2])


@pytest.mark.parametrize(
    "values", [(float("nan"), 1, 0), (float("inf"), 1, 0), (0, 0, 0), (0, float("nan"), 0), (0, 1, 1), (0, 1, -0.1)]
)
def test_a_limit_out_of_range_is_refused(values: Any) -> None:
    with pytest.raises(ValueError, match="must"):
        Envelope(*values)
