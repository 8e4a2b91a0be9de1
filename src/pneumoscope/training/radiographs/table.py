"""The radiographs of a run: every distinct one by the SHA-256 of its file, with its side of the split."""

import hashlib
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.data.layout import load
from pneumoscope.data.manifest import ManifestForm
from pneumoscope.data.splits import divided
from pneumoscope.training.recipe import Recipe

Table = dict[str, LabelledRadiograph]
"""Distinct labelled radiographs by digest, each on the side "train" or "val"."""


def load_training_table(source: Path, seed: int, form: ManifestForm | None = None) -> Table:
    """Read and divide the radiographs that can be trained and validated on.

    Args:
        source: as pneumoscope.data.layout.load reads it; its test radiographs are left out.
        seed: of the draw of patients, see pneumoscope.data.splits.validation.
        form: what a manifest calls its columns and labels.

    Raises:
        DataError: the source cannot be used, or a class would be missing on either side.
    """
    return divided(load(source, form=form), seed=seed)


def narrow(table: Table, recipe: Recipe) -> Table:
    """Keep as many radiographs as a recipe uses, and their subtypes only where it is told them."""
    table = limit_classes(table, recipe.limit)
    if recipe.subtypes:
        return table
    return {digest: replace(labelled, subtype=None) for digest, labelled in table.items()}


def limit_classes(table: Table, limit: int | None) -> Table:
    """At most ``limit`` radiographs of every side and class, evenly over the table; all of them for None."""
    if limit is None:
        return table
    groups: dict[tuple[str, tuple[bool, bool, bool]], list[str]] = {}
    for digest, labelled in table.items():
        groups.setdefault((labelled.split, labelled.classes), []).append(digest)
    chosen = {digest for group in groups.values() for digest in group[:: max(1, len(group) // limit)][:limit]}
    return {digest: labelled for digest, labelled in table.items() if digest in chosen}


def take_side(table: Table, side: str) -> Table:
    """The radiographs of one side of the split, in the order of their digests, which is that of packing."""
    return {digest: table[digest] for digest in sorted(table) if table[digest].split == side}


def labels_digest(table: Table) -> str:
    """One SHA-256 over all that is said of the radiographs: a run goes on only where it is the same."""
    rows = sorted(
        (digest, one.label, one.subtype or "", one.patient, one.split, *_where(one)) for digest, one in table.items()
    )
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def _where(one: LabelledRadiograph) -> tuple[str, ...]:
    """What a label says of its source; nothing where it names none."""
    return (one.source, f"{one.weight:g}") if one.source or one.weight != 1 else ()


def count_sides(table: Table) -> dict[str, int]:
    """How many radiographs each side of the split has."""
    return dict(sorted(Counter(labelled.split for labelled in table.values()).items()))
