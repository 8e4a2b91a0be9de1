from cards import make_card

from pneumoscope.decision.envelope import Envelope
from pneumoscope.release.envelope.build import build_card

LIMITS = Envelope(0.5, 7.0, 0.05)


def test_a_card_gets_envelope_version_and_the_proven_rule_out_threshold() -> None:
    before = make_card()
    card = build_card(before, LIMITS, "2.0.0")
    assert (card.envelope, card.version) == (LIMITS, "2.0.0")
    assert card.rule.rule_out == before.rule.operating_point("high-sensitivity").threshold
    assert card.rule.operating_points == before.rule.operating_points
    assert build_card(card, LIMITS, "2.0.0") == card
