"""What the words of a DICOM header say of body part and view: the standard's terms, and those that archives use.

The terms are those of PS3.3 C.8.7.1.1.1, PS3.16 Annex L, CID 4010 and CID 4031, as far as radiographs are made of
them. Only a term of these lists ever leaves this module: the rest of a text could name the patient.
"""

import re

CHEST = "CHEST"
"""What every term for the chest becomes."""

_CHEST = re.compile(r"CHEST|[CP]*CXR|THORAX|TORAX|TORACE|LUNGS?|POUMONS?|PULMON")
_PART_OF_IT = re.compile(r"RIBS?|HEART|MEDIASTINUM")
_OTHER_PART = re.compile(
    r"(?:ABDOMEN|ABDOMENPELVIS|ACJOINT|ANKLE|ARM|BABYGRAM|BLADDER|BODY|BREAST|CALCANEUS|CLAVICLE|COCCYX|COLON|CSPINE"
    r"|CTSPINE|ELBOW|EXTREMIT(?:Y|IE)|EYE|FACE|FACIAL|FEMUR|FIBULA|FINGER|FOOT|FEET|FOREARM|HAND|HEAD|HEEL|HIP|HUMERUS"
    r"|ILEUM|JAW|KIDNEY|KNEE|KUB|LARYNX|LEG|LIMB|LIVER|LOWLEG|LSPINE|LSSPINE|MANDIBLE|MASTOID|MAXILLA|NECK|ORBIT"
    r"|PATELLA|PELVIS|PHANTOM|PROSTATE|RADIUS|RECTUM|SACRUM|SCAPULA|SHOULDER|SIJOINT|SINUS|SINUSES|SKULL|SPINE|SSPINE"
    r"|STERNUM|STOMACH|TEETH|THIGH|THUMB|TIBIA|TLSPINE|TMJOINT|TOE|TOOTH|TSPINE|ULNA|UPRARM|UTERUS|WHOLEBODY|WRIST"
    r"|ZYGOMA)S?"
)

_FRONTAL = re.compile(r"AP|PA|FRONTAL")
_LATERAL = re.compile(r"LL|RL|[LR]?LAT|LATERAL|PROFILE?|SEITLICH")
_ANGLED = re.compile(
    r"[LR]L[DO]|[LR][AP]O|OBL|OBLIQUE|DECUB|DECUBITUS|AXIAL|LORDOTIC|TANGENTIAL|SAGITTAL|SWIMMERS?|OCCLUSAL|CAUDO|CRANIO"
)
FRONTAL = frozenset({"AP", "PA", "FRONTAL"})
"""The views of a frontal film, as :func:`view_named` gives them."""


def part_named(text: str) -> str | None:
    """The body part that a text in capitals names: CHEST, or another part's own word.

    Returns:
        None where it names none, or the chest and another part too.
    """
    words = _words(text)
    chest, other, within = (_first(form, words) for form in (_CHEST, _OTHER_PART, _PART_OF_IT))
    if chest:
        return None if other else CHEST
    return other or within


def view_named(text: str) -> str | None:
    """The view that a text in capitals names: AP, PA, FRONTAL, or the word of another view, such as LL or OBLIQUE.

    Returns:
        None where it names none, or a frontal and a lateral view too, as the texts of a study of two films do.
    """
    joined = re.sub(r"ANTERO\W*POSTERIOR", "AP", re.sub(r"POSTERO\W*ANTERIOR", "PA", text))
    words = _words(joined)
    angled, lateral, frontal = (_first(form, words) for form in (_ANGLED, _LATERAL, _FRONTAL))
    if angled:
        return angled
    return None if lateral and frontal else lateral or frontal


def _words(text: str) -> list[str]:
    return re.findall(r"[A-Z]+", text)


def _first(form: re.Pattern[str], words: list[str]) -> str | None:
    return next((word for word in words if form.fullmatch(word)), None)
