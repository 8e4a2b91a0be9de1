"""The first layer of the envelope: what the header of a DICOM object says of the film. Other formats have no header.

Modality, SOP class and number of frames are checked while the object is read (``imaging.formats.dicom``).
"""

from pneumoscope.bundle.card import AgeRange
from pneumoscope.imaging import Header, Reason, Refusal, Remark
from pneumoscope.imaging.formats.dicom_words import CHEST, FRONTAL

_WITHIN_THE_CHEST = {"RIB", "RIBS", "HEART", "MEDIASTINUM"}


def check_header(header: Header | None, ages: AgeRange | None) -> Refusal | tuple[Remark, ...]:
    """Refuse what a header says is no frontal chest film, and remark what it leaves open.

    A word that is no known body part or view is a remark and no refusal: archives have words of their own.

    Args:
        header: of a DICOM object; None for every other format, of which nothing is known and nothing is said.
        ages: for which the bundle has evidence, as its card says; None where any age passes.

    Returns:
        The refusal, which carries the header; or the remarks, in a fixed order.
    """
    if header is None:
        return ()
    refused = _refused(header, ages)
    return Refusal(*refused, header=header) if refused else tuple(_remarks(header, ages))


def _refused(header: Header, ages: AgeRange | None) -> tuple[Reason, str] | None:
    if header.body_part not in (None, CHEST, *_WITHIN_THE_CHEST):
        return Reason.WRONG_BODY_PART, (
            f"The header says that the film shows another body part ({header.body_part}); "
            "send the chest film, or correct the header."
        )
    if header.view not in (None, *FRONTAL):
        return Reason.WRONG_VIEW, (
            f"The header says that the film is no frontal view ({header.view}); "
            "send the frontal film (AP or PA), or correct the header."
        )
    if ages and ages.outside == "refuse" and header.age_years is not None and not ages.holds(header.age_years):
        return Reason.AGE_OUTSIDE_EVIDENCE, (
            f"The patient's age is outside the {ages.low:g} to {ages.high:g} years for which the model has evidence; "
            "have a person read the film."
        )
    return None


def _remarks(header: Header, ages: AgeRange | None) -> list[Remark]:
    age = header.age_years
    said = {
        Remark.BODY_PART_UNKNOWN: header.body_part != CHEST,
        Remark.VIEW_UNKNOWN: header.view is None,
        Remark.ONE_SIDE: header.laterality in ("L", "R"),
        Remark.AGE_UNKNOWN: ages is not None and age is None,
        Remark.AGE_OUTSIDE_EVIDENCE: ages is not None and age is not None and not ages.holds(age),
    }
    return [remark for remark, applies in said.items() if applies]
