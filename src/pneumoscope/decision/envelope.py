"""The envelope: what a picture must be for the network to judge it."""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class Kind(StrEnum):
    """What a picture shows. The order is that of the network's output ``content``."""

    FRONTAL = "frontal"
    LATERAL = "lateral"
    ROTATED_90 = "rotated_90"
    ROTATED_180 = "rotated_180"
    ROTATED_270 = "rotated_270"
    INVERTED = "inverted"
    SMALL = "small_in_frame"
    OTHER_RADIOGRAPH = "other_radiograph"
    OTHER_MEDICAL = "other_medical"
    OTHER_PICTURE = "other_picture"
    UNKNOWN = "unknown"
    """Like nothing that the envelope was fitted to; the network has no output for it."""


KINDS = tuple(kind for kind in Kind if kind is not Kind.UNKNOWN)
"""The order of the network's output ``content``."""


OUTPUTS = ("content", "novelty", "lungs")
"""What a bundle with an envelope gives beside its logits and maps, in this order."""


@dataclass(frozen=True)
class Envelope:
    """The limits within which a picture counts as an upright frontal chest radiograph.

    Attributes:
        least_margin: by how much, in log odds, "frontal" must lead the next kind.
        most_novelty: the largest distance, above 0, from the frontal radiographs that the envelope was fitted to.
        least_lungs: the smallest share of the picture, 0..1, that the lungs take up.

    Raises:
        ValueError: a value is out of its range.
    """

    least_margin: float
    most_novelty: float
    least_lungs: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.least_margin):
            raise ValueError(f"the least margin is {self.least_margin}, and must be finite")
        if not 0 < self.most_novelty < math.inf:
            raise ValueError(f"the largest novelty is {self.most_novelty}, and must be above 0")
        if not 0 <= self.least_lungs < 1:
            raise ValueError(f"the least share of lungs is {self.least_lungs}, and must lie between 0 and 1")

    def kind(self, content: NDArray[np.floating], novelty: float) -> Kind:
        """Tell what a picture shows.

        Args:
            content: (10,) logits in the order of KINDS.
            novelty: 0 or more.
        """
        if margin(content) < self.least_margin:
            return KINDS[1 + int(np.argmax(content[1:]))]
        return Kind.UNKNOWN if novelty > self.most_novelty else Kind.FRONTAL


def margin(content: NDArray[np.floating]) -> NDArray[np.floating]:
    """By how much "frontal" leads the next kind: (...) in log odds, of logits (..., 10)."""
    return np.asarray(content[..., 0] - content[..., 1:].max(-1))
