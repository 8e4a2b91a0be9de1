"""Films that the station has judged, with labels: what a site validates and freezes. Nothing is screened again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pneumoscope.assurance.site.results import Listed
from pneumoscope.decision.labels import Label
from pneumoscope.decision.rule import DecisionRule
from pneumoscope.errors import DataError
from pneumoscope.escaping import csv_cell
from pneumoscope.imaging import Reason
from pneumoscope.serving.deliverables import PREVIEW, REPORT
from pneumoscope.serving.store.films import Film
from pneumoscope.serving.store.results import StoredResult

if TYPE_CHECKING:
    from pneumoscope.assurance.site.films import JudgedFilm, JudgedFilms

Judged = tuple[Film, StoredResult]


@dataclass(frozen=True)
class LabelledFilms:
    """The films that a validation counts.

    Attributes:
        films: with their labels and answers.
        remarks: what has to be known of them beside the numbers, in sentences.
        picture_of: gives the small picture of a film as a data URI; None where it is no longer kept.
    """

    films: "JudgedFilms"
    remarks: tuple[str, ...]
    picture_of: "Callable[[JudgedFilm], str | None]"


def label_films(found: Sequence[Judged], listed: Sequence[Listed], rule: DecisionRule, folder: Path) -> LabelledFilms:
    """Put labels beside the answers of the station.

    Where neither the list nor the DICOM header names the patient, each study counts as one, and each film without a
    study. Patients get numbers, so that no identifier leaves the station.

    Args:
        found: films with their results, all of one bundle.
        listed: what is known of films; those without a label are left out.
        rule: says what each probability means.
        folder: of the station's results.

    Raises:
        DataError: no label fits a film, it is not clear which film is meant, or none was assessed.
    """
    from pneumoscope.assurance.site.films import JudgedFilm, JudgedFilms

    labelled = [entry for entry in listed if entry.label]
    if not labelled:
        raise DataError("There is no label: give a list with the column label, or let readers say what they see.")
    matched, unused = _match(labelled, [film for film, _ in found])
    if not matched:
        raise DataError(
            f"None of the {len(labelled)} labels fits one of the {len(found)} films that this bundle judged in that "
            "time. A label names its film by source_sha256, by sop_instance_uid, or in path by the name of the file "
            "that was uploaded."
        )
    judged, numbers, alone = list[JudgedFilm](), dict[str, int](), 0
    for film, result in found:
        if (entry := matched.get(film.id)) and entry.label:
            patient = entry.patient or _patient_of(folder / result.id / REPORT)
            alone += patient is None
            key = " ".join((patient or result.record["study_instance_uid"] or film.id).split())
            number = numbers.setdefault(key, len(numbers) + 1)
            judged.append(_judged(film, result, entry, entry.label, f"patient {number}", rule))
    remarks = (
        f"Of {len(labelled)} labels {unused} fit no film that this bundle judged in that time: they count nowhere.",
        f"Of {alone} films the patient is not known, and each study counts as a patient of its own: what is said of "
        "patients holds where no two of these are of one patient.",
    )
    said = tuple(remark for remark, count in zip(remarks, (unused, alone), strict=True) if count)
    pictures = {film.sha256: folder / result.id / PREVIEW for film, result in found if film.id in matched}
    return LabelledFilms(JudgedFilms.of(judged), said, lambda film: _picture(pictures[film.sha256 or ""]))


def _match(labelled: Sequence[Listed], films: Sequence[Film]) -> tuple[dict[str, Listed], int]:
    """By the id of a film, what the list says of it; and how many entries fit no film.

    Its content names a film best, then its UID, then its name.
    """
    known: dict[str, list[Film]] = {}
    for film in films:
        for key in {film.sha256, film.sop_uid, film.name} - {""}:
            known.setdefault(key, []).append(film)
    matched, unused = dict[str, Listed](), 0
    for entry in labelled:
        name = (entry.path or "").replace("\\", "/").rpartition("/")[2]
        keys = ((entry.source_sha256 or "").lower(), entry.sop_instance_uid or "", name)
        key = next((key for key in keys if key in known), "")
        if not key:
            unused += 1
            continue
        if len(known[key]) > 1:
            raise DataError(f"{len(known[key])} films of the station are called {key!r}: give their source_sha256.")
        first = matched.setdefault(known[key][0].id, entry)
        if (first.label, first.patient, first.device) != (entry.label, entry.patient, entry.device):
            raise DataError(f"The list names the film {key!r} twice, and says different things: correct it.")
    return matched, unused


def _patient_of(place: Path) -> str | None:
    """The patient as a report repeats the film's header, also when the pixels are gone; None where it names nobody."""
    from pneumoscope.serving.dicom.objects import peek

    try:
        said = peek(place.read_bytes(), "PatientID", "IssuerOfPatientID")
    except OSError:  # no DICOM film, or of a class that no report is made of
        return None
    named = str(said.get("PatientID") or "").strip() if said else ""
    return f"{named} {said.get('IssuerOfPatientID') or ''}" if said and named else None


def _judged(
    film: Film, result: StoredResult, entry: Listed, label: Label, patient: str, rule: DecisionRule
) -> "JudgedFilm":
    from pneumoscope.assurance.site.films import JudgedFilm

    record, extra = result.record, result.extra
    probability, reason = record["probability"], record["reason"]
    return JudgedFilm(
        source=csv_cell(film.name or film.sop_uid or film.id),
        sha256=film.sha256,
        label=label,
        patient=patient,
        age_years=extra.get("age_years"),
        view=extra.get("view"),
        device=entry.device or record["device"],
        reason=Reason(reason) if reason else None,
        score=record["score"],
        probability=probability,
        finding=None if probability is None else rule.finding(probability, rule.operating_point()),
    )


def _picture(place: Path) -> str | None:
    from pneumoscope.pages import data_uri

    try:
        return data_uri(place.read_bytes())
    except OSError:  # no longer kept
        return None
