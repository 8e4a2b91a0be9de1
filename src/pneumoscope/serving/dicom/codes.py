"""The codes of results, under our own coding scheme where DICOM and SNOMED CT have none.

A code is the word that every other output uses, cut to the 16 characters that a Code Value may have; its meaning has at
most 64. A code never changes its meaning.
"""

from typing import NamedTuple

from pneumoscope.decision.labels import Finding
from pneumoscope.imaging import Reason, Remark

SCHEME = "99PNEUMOSCOPE"
"""The coding scheme designator of our own codes."""


class Code(NamedTuple):
    """A coded concept.

    Attributes:
        value: the code, at most 16 characters.
        scheme: the coding scheme designator.
        meaning: for a person, at most 64 characters.
    """

    value: str
    scheme: str
    meaning: str


def _own(value: str, meaning: str) -> Code:
    return Code(value, SCHEME, meaning)


CHEST_RADIOGRAPHY = Code("399208008", "SCT", "Plain chest X-ray")
PNEUMONIA = Code("233604007", "SCT", "Pneumonia")
PRESENCE = Code("705057003", "SCT", "Presence")
PROBABILITY = Code("122157", "DCM", "Probability")
COMMENT = Code("121106", "DCM", "Comment")
NO_UNITS = Code("1", "UCUM", "no units")

SCREENING = _own("finding", "Finding of the screening")
THRESHOLD = _own("threshold", "Probability from which the finding is pneumonia")
RULE_OUT = _own("rule_out", "Probability below which the finding is normal")
NOT_ASSESSED = _own("not_assessed", "Reason why the radiograph was not assessed")
REMARK = _own("remark", "Remark on the radiograph or the model")

PRESENCES = {
    Finding.NORMAL: Code("272519000", "SCT", "Absent"),
    Finding.UNCERTAIN: Code("82334004", "SCT", "Indeterminate"),
    Finding.PNEUMONIA: Code("52101004", "SCT", "Present"),
}
"""What each finding says of a pneumonia."""

FINDINGS = {
    Finding.NORMAL: _own("normal", "Normal: below the lower threshold"),
    Finding.UNCERTAIN: _own("uncertain", "Uncertain: a person must read the film"),
    Finding.PNEUMONIA: _own("pneumonia", "Pneumonia: at or above the threshold"),
}

REASONS = {
    Reason.NOT_FOUND: _own("not_found", "There is no such file"),
    Reason.UNREADABLE: _own("unreadable", "The file may not be read, or is too large"),
    Reason.EMPTY: _own("empty_file", "The file has no bytes"),
    Reason.NOT_AN_IMAGE: _own("not_an_image", "The file is of no format that is read"),
    Reason.TRUNCATED: _own("truncated", "The file is cut short or damaged"),
    Reason.TOO_LARGE: _own("too_large", "The header declares too many pixels"),
    Reason.TOO_SMALL: _own("too_small", "The picture is too small"),
    Reason.NO_PIXEL_DATA: _own("no_pixel_data", "The object holds no image"),
    Reason.MULTIPLE_FRAMES: _own("multiple_frames", "The object holds more than one frame"),
    Reason.UNSUPPORTED: _own("unsupported", "No decoder reads this encoding"),
    Reason.CONTRADICTORY: _own("contradictory", "The header contradicts the pixels"),
    Reason.BLANK: _own("blank_image", "The picture has no usable contrast"),
    Reason.NOT_A_RADIOGRAPH: _own("not_a_radiograph", "It is no radiograph"),
    Reason.WRONG_BODY_PART: _own("wrong_body_part", "It shows another body part than the chest"),
    Reason.WRONG_VIEW: _own("wrong_view", "It is no frontal view"),
    Reason.AGE_OUTSIDE_EVIDENCE: _own("age_refused", "The bundle refuses patients of this age"),
    Reason.ROTATED_90: _own("rotated_90", "The picture looks turned left by 90 degrees"),
    Reason.ROTATED_180: _own("rotated_180", "The picture looks upside down"),
    Reason.ROTATED_270: _own("rotated_270", "The picture looks turned right by 90 degrees"),
    Reason.INVERTED: _own("inverted", "Black and white look swapped"),
    Reason.SMALL_IN_FRAME: _own("small_in_frame", "The film fills too little of the picture"),
    Reason.LUNGS: _own("lungs_not_seen", "The lungs take up too little of the picture"),
    Reason.UNFAMILIAR: _own("unfamiliar", "The picture is unlike all known radiographs"),
}

REMARKS = {
    Remark.BIT_DEPTH_INFERRED: _own("bit_depth_guess", "The bit depth was inferred from the brightest pixel"),
    Remark.NO_WINDOW: _own("no_window", "No window: darkest and brightest values were taken"),
    Remark.ORIENTATION_APPLIED: _own("turned", "The picture was turned as the file says"),
    Remark.BODY_PART_UNKNOWN: _own("part_unknown", "The header does not say that it shows the chest"),
    Remark.VIEW_UNKNOWN: _own("view_unknown", "The header does not say that the view is frontal"),
    Remark.ONE_SIDE: _own("one_side", "The header says that it shows one side only"),
    Remark.AGE_UNKNOWN: _own("age_unknown", "The header has no age"),
    Remark.AGE_OUTSIDE_EVIDENCE: _own("age_no_evidence", "There is no evidence for patients of this age"),
    Remark.LUNGS_CUT_OFF: _own("lungs_cut_off", "The lungs seem to reach over the edge"),
    Remark.ONE_LUNG_SEEN: _own("one_lung_seen", "One lung is hardly seen"),
    Remark.TRIAL_MODEL: _own("trial_model", "The model was trained for a trial only"),
}
