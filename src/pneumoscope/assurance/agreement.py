"""Whether two results of one film agree."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

TOLERANCE = 0.001
"""How far two scores of one film may lie apart, in log odds, where both were computed in float32.

On 712 films the logits of two runtimes differ by less than 0.00002 (docs/performance.md). A decoder that gives some
greys one level higher or lower moves a score by more than 0.01."""

TOLERANCE_INT8 = 0.1
"""The same of an int8 bundle, in which a value that is rounded the other way weighs more."""

_NUMBERS = ("score", "probability", "viral_probability")


class Verdict(StrEnum):
    """What a comparison, or the try to make one, came to."""

    IDENTICAL = "identical"
    WITHIN_TOLERANCE = "within tolerance"
    DIFFERENT = "different"
    NOT_REPLAYED = "not replayed"


def compare(expected: Mapping[str, Any], found: Mapping[str, Any], tolerance: float) -> Verdict:
    """Compare what a result was with what it is.

    Args:
        expected: keys and values of a result, as ``ScreeningResult.to_dict`` gives them; each is compared.
        found: the result of now, with at least these keys.
        tolerance: on score, probability and viral probability; everything else must be equal.
    """
    changed = {key for key, value in expected.items() if found[key] != value}
    if not changed:
        return Verdict.IDENTICAL
    close = changed.issubset(_NUMBERS) and all(
        None not in (expected[key], found[key]) and abs(expected[key] - found[key]) <= tolerance for key in changed
    )
    return Verdict.WITHIN_TOLERANCE if close else Verdict.DIFFERENT
