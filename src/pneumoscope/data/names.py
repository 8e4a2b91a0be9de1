"""What the names of the public release say of a radiograph: subtype and patient."""

import re
from pathlib import Path, PurePath

from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.decision.labels import Label, Subtype

_NORMAL = re.compile(r"^(?P<series>(?:NORMAL2-)?IM)-(?P<number>\d+)-")
_PNEUMONIA = re.compile(r"^person(?P<number>\d+)_(?P<pathogen>bacteria|virus)_")
_MENDELEY = re.compile(r"^(?P<kind>NORMAL|BACTERIA|VIRUS)-(?P<number>\d+)-\d+")
_MENDELEY_KINDS = {"NORMAL": None, "BACTERIA": Subtype.BACTERIAL, "VIRUS": Subtype.VIRAL}
_PATHOGENS = {"bacteria": Subtype.BACTERIAL, "virus": Subtype.VIRAL}


def named(path: Path, place: PurePath, label: Label, split: str) -> LabelledRadiograph:
    """Read subtype and patient key from a file name of the public release; any other place is a patient of its own."""
    if label is Label.NORMAL and (match := _NORMAL.match(path.name)):
        return LabelledRadiograph(path, label, None, f"normal/{match['series']}/{int(match['number'])}", split)
    if label is Label.PNEUMONIA and (match := _PNEUMONIA.match(path.name)):
        subtype = _PATHOGENS[match["pathogen"]]
        return LabelledRadiograph(path, label, subtype, f"pneumonia/{subtype}/{int(match['number'])}", split)
    if match := _MENDELEY.match(path.name):
        known = _MENDELEY_KINDS[match["kind"]] if label is Label.PNEUMONIA else None
        return LabelledRadiograph(path, label, known, f"{label}/{match['kind']}/{int(match['number'])}", split)
    return LabelledRadiograph(path, label, None, f"{label}/{place.with_suffix('').as_posix()}", split)
