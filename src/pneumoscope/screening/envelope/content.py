"""What the picture shows: the second part of the envelope, told by the network itself."""

import numpy as np
from numpy.typing import NDArray

from pneumoscope.decision.envelope import Envelope, Kind
from pneumoscope.imaging import Reason, Refusal, Remark
from pneumoscope.screening.runtime.session import Outputs

_REFUSED: dict[Kind, tuple[Reason, str]] = {
    Kind.LATERAL: (Reason.WRONG_VIEW, "It looks like a lateral or oblique view. Give a frontal chest radiograph."),
    Kind.ROTATED_90: (Reason.ROTATED_90, "It looks turned left by 90 degrees. Turn it right and screen it again."),
    Kind.ROTATED_180: (Reason.ROTATED_180, "It looks upside down. Turn it by 180 degrees and screen it again."),
    Kind.ROTATED_270: (Reason.ROTATED_270, "It looks turned right by 90 degrees. Turn it left and screen it again."),
    Kind.INVERTED: (Reason.INVERTED, "Black and white look swapped. Invert it and screen it again."),
    Kind.SMALL: (Reason.SMALL_IN_FRAME, "The film fills too little of the picture. Cut it out and screen it again."),
    Kind.OTHER_RADIOGRAPH: (
        Reason.WRONG_BODY_PART,
        "It looks like a radiograph of another part of the body. Give a frontal chest radiograph.",
    ),
    Kind.OTHER_MEDICAL: (
        Reason.NOT_A_RADIOGRAPH,
        "It looks like another kind of medical image. Give a frontal chest radiograph.",
    ),
    Kind.OTHER_PICTURE: (Reason.NOT_A_RADIOGRAPH, "It looks like no radiograph. Give a frontal chest radiograph."),
    Kind.UNKNOWN: (
        Reason.UNFAMILIAR,
        "It is unlike the radiographs that the model knows, so its answer would mean nothing. A person must read it.",
    ),
}

MOST_AT_SIDE, MOST_AT_BOTTOM = 0.35, 0.2
"""How much of the left or right edge of the picture, or of its lower edge, may be lung where both are whole."""

LEAST_OF_ONE = 0.25
"""The least share that either half of the picture has of all lung."""

_HALF = 0.5
_NO_LUNGS = "The lungs take up too little of the picture, or none are there. Give a frontal chest radiograph."


def check_content(envelope: Envelope, found: Outputs) -> Refusal | None:
    """Say why one picture may not be judged.

    Args:
        envelope: of the bundle.
        found: what the network says of a batch of one.

    Returns:
        The refusal, without the source's digest; None where it may be judged.
    """
    assert found.content is not None and found.novelty is not None and found.lungs is not None  # noqa: PT018, S101
    kind = envelope.kind(found.content[0], float(found.novelty[0]))
    if kind is not Kind.FRONTAL:
        return Refusal(*_REFUSED[kind])
    return Refusal(Reason.LUNGS, _NO_LUNGS) if lung_area(found.lungs[0]) < envelope.least_lungs else None


def lung_remarks(lungs: NDArray[np.float32] | None) -> tuple[Remark, ...]:
    """Say what a reader should know of the lungs of one picture.

    A remark and no refusal: a lung that is white with pneumonia is hardly seen too.

    Args:
        lungs: (1, Q, Q), 0..1; None of a bundle without an envelope.
    """
    if lungs is None:
        return ()
    seen, middle = lungs[0], lungs.shape[-1] // 2
    lung = seen >= _HALF
    sides, bottom = lung[:, [0, -1]].mean(axis=0).max(), lung[-1].mean()
    left, right = float(seen[:, :middle].sum()), float(seen[:, -middle:].sum())
    said = {
        Remark.LUNGS_CUT_OFF: sides > MOST_AT_SIDE or bottom > MOST_AT_BOTTOM,
        Remark.ONE_LUNG_SEEN: min(left, right) < LEAST_OF_ONE * (left + right),
    }
    return tuple(remark for remark, applies in said.items() if applies)


def lung_area(lungs: NDArray[np.float32]) -> float:
    """The share of the picture, 0..1, that a lung map (Q, Q) takes for lung."""
    return float(lungs.mean())
