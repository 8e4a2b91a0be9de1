"""The site profile: the thresholds of one site, what they rest on, and the one bundle that they are for.

It is one JSON file. It ends with the SHA-256 of what it says, and reading it back compares every byte with what would
be written: a changed byte is noticed. The digest proves that the file is whole. It does not prove who wrote it, because
whoever can write the file can write a new digest: keep the digest of the *file* (`sha256sum`, and the field
``site_profile_sha256`` of every result) where the site keeps its decisions.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from pneumoscope.decision.labels import Finding, Label
from pneumoscope.decision.operating_point import OperatingPoint, check_threshold
from pneumoscope.decision.prevalence import check_prevalence
from pneumoscope.decision.rule import DecisionRule, decide
from pneumoscope.errors import DataError
from pneumoscope.files import json_text, write_text

SCHEMA = 1
SITE = "site"
"""The name of the operating point that a profile brings."""


@dataclass(frozen=True)
class Evidence:
    """The labelled radiographs that a profile rests on.

    Attributes:
        films: assessed, spare copies left out.
        pneumonia_patients: patients with a film labelled pneumonia.
        normal_patients: patients with a film labelled normal.
        not_assessed: films that were refused.
        films_sha256: names the set of films; see ``data.layout.fingerprint``.
        predictions_sha256: of the file of predictions that the thresholds were taken from.
    """

    films: int
    pneumonia_patients: int
    normal_patients: int
    not_assessed: int
    films_sha256: str
    predictions_sha256: str


@dataclass(frozen=True)
class Reference:
    """The scores of the labelled radiographs, which later ones are compared with.

    Attributes:
        edges: the inner edges of the bins, raw scores, rising; one fewer than there are bins.
        pneumonia: how many pneumonias lie in each bin.
        normal: how many normals lie in each bin.
        answers: by label, how many films the profile answers normal, uncertain and pneumonia.
        not_assessed: how many films were refused, by coded reason.
    """

    edges: tuple[float, ...]
    pneumonia: tuple[int, ...]
    normal: tuple[int, ...]
    answers: dict[Label, tuple[int, int, int]]
    not_assessed: dict[str, int]

    def __post_init__(self) -> None:
        if not len(self.pneumonia) == len(self.normal) == len(self.edges) + 1:
            raise ValueError("the reference has bins and counts of different number")
        if list(self.edges) != sorted(set(self.edges)):
            raise ValueError("the edges of the reference do not rise")
        if min(*self.pneumonia, *self.normal) < 0 or not (sum(self.pneumonia) and sum(self.normal)):
            raise ValueError("the reference lacks a class")
        if set(self.answers) != set(Label):
            raise ValueError("the reference lacks the answers of a class")


@dataclass(frozen=True)
class Criteria:
    """What readers' reports must show before the site relies on the answers; stated before any of them is in.

    Attributes:
        recall: at least so many pneumonias are not answered "normal", within 0..1.
        specificity: at least so many normals are not answered "pneumonia", within 0..1.
        not_assessed: at most so many films are refused, within 0..1.
        confidence: with which each of them must be shown, within 0..1.
    """

    recall: float
    specificity: float
    not_assessed: float
    confidence: float

    def __post_init__(self) -> None:
        for name in ("recall", "specificity", "not_assessed", "confidence"):
            check_threshold(name, getattr(self, name))
        if self.confidence < 0.5:
            raise ValueError(f"a confidence of {self.confidence} proves nothing")


@dataclass(frozen=True)
class SiteProfile:
    """The thresholds of one site for one bundle, and what they rest on.

    Attributes:
        site: its name.
        bundle: name and version of the bundle, for people.
        bundle_sha256: hex digest of the one bundle that the profile is for.
        rule_in: a probability at or above it is a finding of pneumonia, within 0..1.
        rule_in_policy: how it was chosen, in words.
        rule_out: a probability below it is a finding of normal, within 0..1.
        rule_out_policy: how it was chosen, in words.
        prevalence: share of pneumonia among the children who are radiographed at the site, within 0..1.
        calibration_prevalence: share of pneumonias that the bundle was calibrated at; None where its card is silent.
        who: is responsible.
        created: ISO 8601 date and time, UTC.
        evidence: the labelled films that it rests on.
        reference: their scores.
        guarantees: what the evidence proves, in sentences.
        criteria: what must be shown before the site relies on it.
        statement: the site's own words, such as what it is used for.
        schema: of this file.

    Raises:
        ValueError: a value is out of its range.
    """

    site: str
    bundle: str
    bundle_sha256: str
    rule_in: float
    rule_in_policy: str
    rule_out: float
    rule_out_policy: str
    prevalence: float
    calibration_prevalence: float | None
    who: str
    created: str
    evidence: Evidence
    reference: Reference
    guarantees: tuple[str, ...]
    criteria: Criteria
    statement: str
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        check_threshold("rule-in", self.rule_in)
        check_threshold("rule-out", self.rule_out)
        check_prevalence(self.prevalence)
        if self.calibration_prevalence is not None:
            check_prevalence(self.calibration_prevalence)
        if datetime.fromisoformat(self.created).tzinfo is None:
            raise ValueError("the profile does not say in which time zone it was made")
        for name in ("site", "who"):
            if not getattr(self, name).strip():
                raise ValueError(f"the profile does not say the {name}")

    @property
    def sha256(self) -> str:
        """Hex digest of the file, as ``sha256sum`` gives it and as every result carries it."""
        return hashlib.sha256(self.to_text().encode()).hexdigest()

    @property
    def operating_point(self) -> OperatingPoint:
        """The site's threshold for a finding of pneumonia."""
        return OperatingPoint(SITE, self.rule_in, self.rule_in_policy)

    def finding(self, probability: float) -> Finding:
        """What a probability, 0..1, means at the site."""
        return decide(probability, self.rule_in, self.rule_out)

    def to_text(self) -> str:
        """The text of the file."""
        profile: dict[str, Any] = msgspec.to_builtins(self)
        said = hashlib.sha256(json_text(profile).encode()).hexdigest()
        return json_text({"profile": profile, "sha256": said})

    def write(self, path: Path) -> None:
        """Write the file in one step.

        Raises:
            DataError: it cannot be written.
        """
        try:
            write_text(path, self.to_text())
        except OSError as problem:
            raise DataError(f"{path}: cannot be written ({problem.strerror}); choose another file") from problem

    def rule_for(self, rule: DecisionRule, bundle_sha256: str) -> DecisionRule:
        """The bundle's rule with the site's thresholds as its default.

        Args:
            rule: of the bundle.
            bundle_sha256: hex digest of the bundle.

        Raises:
            DataError: the profile is for another bundle.
        """
        self.check_bundle(bundle_sha256)
        points = tuple(point for point in rule.operating_points if point.name != SITE)
        return replace(
            rule,
            operating_points=(self.operating_point, *points),
            default_operating_point=SITE,
            rule_out=self.rule_out,
        )

    def check_bundle(self, bundle_sha256: str) -> None:
        """Refuse another bundle.

        Raises:
            DataError: the profile is for another one.
        """
        if bundle_sha256 != self.bundle_sha256:
            raise DataError(
                f"The site profile of {self.site} is for the bundle {self.bundle}, {self.bundle_sha256[:12]}, and not "
                f"for {bundle_sha256[:12]}: thresholds do not carry over, so validate this bundle on the site's films."
            )


def read_profile(path: Path) -> SiteProfile:
    """Read a site profile.

    Raises:
        DataError: it cannot be read, is no profile of this version, or a byte of it was changed.
    """
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise DataError(f"{path}: the site profile cannot be read ({problem.strerror})") from problem
    try:
        profile = msgspec.json.decode(content, type=_File).profile
    except (msgspec.MsgspecError, ValueError, RecursionError) as problem:
        raise DataError(f"{path}: not a site profile of this version ({problem}); freeze it again") from problem
    if profile.schema != SCHEMA or profile.to_text().encode() != content:
        raise DataError(f"{path}: the site profile was changed after it was frozen; get the file again or freeze anew")
    return profile


@dataclass(frozen=True)
class _File:
    profile: SiteProfile
    sha256: str
