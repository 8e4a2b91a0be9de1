"""A site's labelled films as numbers, and a profile made of them."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from pneumoscope.assurance.site.films import JudgedFilm, JudgedFilms
from pneumoscope.assurance.site.freezing import Wishes, freeze
from pneumoscope.assurance.site.measuring import measure
from pneumoscope.assurance.site.results import ResultRow
from pneumoscope.assurance.site.validation import Subject, Validation
from pneumoscope.decision.calibration import Calibration
from pneumoscope.decision.labels import Label
from pneumoscope.decision.operating_point import OperatingPoint
from pneumoscope.decision.rule import DecisionRule
from pneumoscope.decision.site_profile import SiteProfile

BUNDLE = "ab" * 32
RULE = DecisionRule(Calibration(1.0, 0.0), (OperatingPoint("balanced", 0.8, "fixed"),), "balanced")
SUBJECT = Subject("tiny", "1", BUNDLE, "onnxruntime", None, None, 0.6, "Tests.")


def draw(generator: np.random.Generator, sick: int, well: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores of pneumonias and of normals: two normal distributions, AUC about .98."""
    return generator.normal(1.5, 1.2, sick), generator.normal(-2.0, 1.2, well)


def judged_film(number: int, label: Label, score: float | None, **known: object) -> JudgedFilm:
    probability = None if score is None else float(RULE.calibration.probability(np.array(score)))
    plain = JudgedFilm(
        source=f"/clinic/film{number}.png",
        sha256=hashlib.sha256(str(number).encode()).hexdigest(),
        label=label,
        patient=f"p{number}",
        age_years=None,
        view=None,
        device=None,
        reason=None,
        score=score,
        probability=probability,
        finding=None if probability is None else RULE.finding(probability, RULE.operating_point()),
    )
    return replace(plain, **known)  # type: ignore[arg-type]


def make_films(sick: int = 120, well: int = 150, seed: int = 0) -> JudgedFilms:
    scores = draw(np.random.default_rng(seed), sick, well)
    labels = [Label.PNEUMONIA] * sick + [Label.NORMAL] * well
    return JudgedFilms.of(
        judged_film(number, label, float(score))
        for number, (label, score) in enumerate(zip(labels, np.concatenate(scores), strict=True))
    )


def make_validation(films: JudgedFilms, prevalence: float | None = 0.2) -> Validation:
    return replace(measure(films, RULE, SUBJECT, "films", prevalence), predictions_sha256="cd" * 32)


def make_profile(films: JudgedFilms | None = None, **wishes: object) -> SiteProfile:
    films = films or make_films()
    return freeze(make_validation(films), films, Wishes("Clinic", "Dr A", **wishes))  # type: ignore[arg-type]


def result_row(number: int, score: float | None, when: datetime, device: str | None = None) -> ResultRow:
    probability = None if score is None else float(RULE.calibration.probability(np.array(score)))
    return ResultRow(
        source=f"/later/film{number}.png",
        source_sha256=hashlib.sha256(f"later {number}".encode()).hexdigest(),
        sop_instance_uid=None,
        time=when,
        status="not_assessed" if score is None else "screened",
        reason="truncated" if score is None else None,
        probability=probability,
        score=score,
        model_sha256=BUNDLE,
        device=device,
    )


def later_results(sick: int, well: int, seed: int = 1, weeks: int = 8, shift: float = 0.0) -> list[ResultRow]:
    """Results of films like those of :func:`make_films`, in random order over some weeks."""
    generator = np.random.default_rng(seed)
    scores = generator.permutation(np.concatenate(draw(generator, sick, well))) + shift
    start, step = datetime(2027, 1, 4, tzinfo=UTC), timedelta(weeks=weeks) / len(scores)
    return [result_row(number, float(score), start + number * step) for number, score in enumerate(scores)]
