"""What a result means for people, in words that never read like "normal, 81%"."""

import numpy as np

from pneumoscope.decision.labels import Finding
from pneumoscope.decision.prevalence import at_prevalence
from pneumoscope.screening.result import ScreeningResult

EXAMPLE = 0.1
"""A prevalence at which every result is explained: pneumonia on one film in ten."""

_FINDINGS = {
    Finding.NORMAL: "Too unlikely for a pneumonia.",
    Finding.UNCERTAIN: "Neither ruled out nor called: a person must read this film.",
    Finding.PNEUMONIA: "Likely enough for a look now.",
}


def meaning(result: ScreeningResult) -> str:
    """Say what a finding means, and how often films with such a score show pneumonia.

    Args:
        result: of one film.

    Returns:
        Sentences; empty of a film that was not assessed.
    """
    if result.finding is None or result.probability is None:
        return ""
    said = _FINDINGS[result.finding]
    held = result.prevalence
    if held is None:
        return f"{said} The model does not say at which prevalence it was calibrated."
    probability = float(np.clip(result.probability, 1e-6, 1 - 1e-6))
    example = at_prevalence(np.log([probability / (1 - probability)]), held, EXAMPLE)[0]
    return (
        f"{said} Of 1,000 films with this score, {_thousandths(example)} show pneumonia where {EXAMPLE:.0%} of all "
        f"films do, and {_thousandths(result.probability)} where {held:.0%} do."
    )


def _thousandths(share: float) -> str:
    count = round(1000 * share)
    return "fewer than 1" if count < 1 else "all but a few" if count > 995 else f"about {count}"
