"""The labels of a radiograph, the classes of the network, and the findings of a decision."""

from enum import StrEnum


class Label(StrEnum):
    """What a radiograph was labelled by its readers."""

    NORMAL = "normal"
    PNEUMONIA = "pneumonia"


class Subtype(StrEnum):
    """The pathogen behind a pneumonia, where it is known."""

    BACTERIAL = "bacterial"
    VIRAL = "viral"


class Finding(StrEnum):
    """What a decision rule says of a radiograph. The values are part of the output format.

    "uncertain" means: too likely for "normal" and not likely enough for "pneumonia"; a person must read it.
    """

    NORMAL = "normal"
    UNCERTAIN = "uncertain"
    PNEUMONIA = "pneumonia"


CLASSES = ("normal", "bacterial", "viral")
"""The order of the network's three logits."""
