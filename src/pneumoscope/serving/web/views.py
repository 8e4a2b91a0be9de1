"""What templates show of films and results."""

from dataclasses import dataclass
from typing import Any

from pneumoscope.serving.store.films import Film
from pneumoscope.serving.store.results import StoredResult
from pneumoscope.serving.store.verdicts import Opinion

_STATES = {"waiting": "in the queue", "working": "being judged", "failed": "could not be judged"}

ORIGINS = {
    "dicom": "DICOM node",
    "rest": "REST",
    "stow": "DICOMweb",
    "page": "upload",
    "folder": "watched folder",
}
"""How a film came, in words."""


@dataclass(frozen=True)
class Row:
    """One film of a list.

    Attributes:
        film: the film.
        record: its published result; None while there is none.
        kind: normal, uncertain, pneumonia, not_assessed, waiting, working or failed.
        words: the same for people.
        opinion: of the reader who spoke last; None without one.
    """

    film: Film
    record: dict[str, Any] | None
    kind: str
    words: str
    opinion: Opinion | None = None

    @classmethod
    def of(cls, film: Film, result: StoredResult | None, opinion: Opinion | None = None) -> "Row":
        """Make the row of a film."""
        record = result.record if result and film.state not in _STATES else None
        kind = film.state if record is None else record["finding"] or "not_assessed"
        words = _STATES.get(kind, kind.replace("_", " "))
        return cls(film, record, kind, words[:1].upper() + words[1:], opinion)

    @property
    def name(self) -> str:
        """What people call the film."""
        return self.film.name or ("DICOM film" if self.film.sop_uid else "film")

    @property
    def origin(self) -> str:
        """How it came, and from whom."""
        words = ORIGINS.get(self.film.origin, self.film.origin)
        return f"{words}, {self.film.caller}" if self.film.caller and self.film.origin in ("dicom", "stow") else words

    @property
    def waits(self) -> bool:
        """Whether it is still to be judged."""
        return self.kind in ("waiting", "working")


FACTS = (
    ("view", "view"),
    ("age_years", "age"),
    ("sex", "sex"),
    ("modality", "modality"),
    ("maker", "maker"),
    ("device_model", "model of the device"),
)
"""What of the DICOM header is shown, and what it is called."""


def facts(extra: dict[str, Any]) -> list[tuple[str, str]]:
    """The facts of a header, for people; those that it does not have are left out."""
    shown = []
    for key, name in FACTS:
        value = extra.get(key)
        if value is not None and value != "":
            shown.append((name, _age(value) if key == "age_years" else str(value)))
    return shown


def _age(years: float) -> str:
    if years < 2:
        return f"{years * 12:.0f} months"
    return f"{years:.0f} years"
