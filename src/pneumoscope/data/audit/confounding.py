"""Groups of radiographs that share a mark, and whether the mark tells their class.

If every training radiograph of one device is a pneumonia, a model that takes the device for the disease is right in
training, and wrong on that device's normal radiographs (Zech et al. 2018, doi:10.1371/journal.pmed.1002683).
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from pneumoscope.data.audit.marks import MarkGroup
from pneumoscope.data.labelled import SPLITS, UNSPLIT, LabelledRadiograph
from pneumoscope.data.splits import series
from pneumoscope.decision.labels import Label
from pneumoscope.extras import needed

ONE_CLASS = 0.98
"""Share of a group's patients that must have one label for the group to count as of one class."""

CHANCE = 0.001
"""Probability, over all groups together, below which one class is no accident."""


@dataclass(frozen=True)
class Confounded:
    """A mark that tells the class on the reference radiographs.

    Attributes:
        group: the radiographs and the mark.
        label: the label that ONE_CLASS of the group's reference patients have.
        counts: per split, radiographs of each label and subtype: "normal", "bacterial", "viral", "pneumonia".
        contradicted: test radiographs of the group with the other label; a model that learned the mark fails on them.
        runs: where those lie in their number series, such as "normal/NORMAL2-IM 201 to 267 (15)".
        chance: probability that so many patients share the label by accident, over all groups together.
    """

    group: MarkGroup
    label: Label
    counts: dict[str, dict[str, int]]
    contradicted: int
    runs: tuple[str, ...]
    chance: float


def confounded(
    groups: Sequence[MarkGroup], radiographs: Sequence[LabelledRadiograph], reference: Sequence[bool]
) -> list[Confounded]:
    """The groups whose reference radiographs are of one class, those that the test contradicts most first.

    Args:
        groups: of rows of ``radiographs``.
        radiographs: N of them.
        reference: (N,) which of them a model may learn from.

    Raises:
        MissingExtraError: SciPy is not installed.
    """
    share = dict.fromkeys(Label, 0.0)
    people = {each.patient: each.label for each, learned in zip(radiographs, reference, strict=True) if learned}
    for label, count in Counter(people.values()).items():
        share[label] = count / len(people)
    found = (_judged(group, radiographs, reference, share, len(groups)) for group in groups)
    return sorted((each for each in found if each), key=lambda each: (-each.contradicted, each.chance))


def _judged(
    group: MarkGroup,
    radiographs: Sequence[LabelledRadiograph],
    reference: Sequence[bool],
    share: dict[Label, float],
    groups: int,
) -> Confounded | None:
    with needed("Measuring chance", "evaluate"):
        from scipy.stats import binom
    labels = {radiographs[row].patient: radiographs[row].label for row in group.rows if reference[row]}
    if not labels:
        return None
    label, count = Counter(labels.values()).most_common(1)[0]
    chance = min(1.0, groups * float(binom.sf(count - 1, len(labels), share[label])))
    if count < ONE_CLASS * len(labels) or chance >= CHANCE:
        return None
    members = [radiographs[row] for row in group.rows]
    against = [each for each in members if each.split == "test" and each.label is not label]
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for each in members:
        counts[each.split][str(each.subtype or each.label)] += 1
    counted = {split: dict(counts[split]) for split in (*SPLITS, UNSPLIT) if split in counts}
    return Confounded(group, label, counted, len(against), _runs(against), chance)


def _runs(radiographs: Sequence[LabelledRadiograph]) -> tuple[str, ...]:
    """The first and the last number in each series, and how many radiographs are meant."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for place in filter(None, map(series, radiographs)):
        numbers[place[0]].append(place[1])
    return tuple(f"{name} {min(n)} to {max(n)} ({len(n)})" for name, n in sorted(numbers.items()))
