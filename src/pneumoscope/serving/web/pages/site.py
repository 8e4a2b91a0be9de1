"""The site: plan, validate and freeze, the profile in force, what later films look like, and the readers' verdicts."""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Depends, File, Form, Query, Request, UploadFile
from starlette.responses import HTMLResponse, Response

from pneumoscope.assurance.site.results import Listed, ResultRow
from pneumoscope.decision.rule import DecisionRule
from pneumoscope.decision.site_profile import SiteProfile
from pneumoscope.serving.store.films import Film
from pneumoscope.serving.store.results import StoredResult
from pneumoscope.serving.web.desk import Desk
from pneumoscope.serving.web.guard import POLICY
from pneumoscope.serving.web.identity import DeskOf, Physicist
from pneumoscope.serving.web.labelling import LabelledFilms, label_films
from pneumoscope.serving.web.problems import ProblemError
from pneumoscope.serving.web.rendering import render

if TYPE_CHECKING:
    from pneumoscope.assurance.site.validation import Validation

router = APIRouter(prefix="/site", include_in_schema=False)

_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_SURE = {"gt": 0.5, "le": 0.999}
"""Of what may be promised: half proves nothing, and much nearer to 1 it would take millions of films."""


@router.get("")
def show(request: Request, desk: DeskOf, who: Physicist) -> Response:
    """The page."""
    screener, listed = desk.station.screener, _verdicts(desk)
    labels = sum(entry.label is not None for entry in listed)
    return render(
        desk, request, "site.html.j2", profile=screener.site, rule=screener.rule, judged=len(listed), labels=labels
    )


@router.get("/plan")
def show_plan(
    desk: DeskOf,
    who: Physicist,
    recall: Annotated[float, Query(**_SURE)] = 0.95,
    confidence: Annotated[float, Query(**_SURE)] = 0.95,
    prevalence: str = "",
) -> Response:
    """How many labelled films a promise needs."""
    from pneumoscope.assurance.site.pages import plan_page
    from pneumoscope.assurance.site.plan import plan

    return _report(plan_page(plan(recall, confidence, _share("prevalence", prevalence))))


def _share(name: str, text: str) -> float | None:
    try:
        value = float(text) if text.strip() else None
    except ValueError:
        value = 0.0
    if value is not None and not 0 < value <= 0.999:
        raise ProblemError(422, f"The {name} lies between 0 and 0.999, such as 0.1; leave it empty if it is not known.")
    return value


@dataclass(frozen=True)
class _Asked:
    """What a form asks to validate.

    Attributes:
        name: of the labels.
        found: the films of the time with their results.
        listed: the labels.
        remark: on where the labels come from; empty where there is none.
        prevalence: of pneumonia at the site, within 0..1; None where it is not stated.
    """

    name: str
    found: list[tuple[Film, StoredResult]]
    listed: Sequence[Listed]
    remark: str
    prevalence: float | None


def _ask(
    desk: DeskOf,
    who: Physicist,
    labels: Annotated[UploadFile | None, File()] = None,
    since: Annotated[str, Form()] = "",
    until: Annotated[str, Form()] = "",
    prevalence: Annotated[str, Form()] = "",
) -> _Asked:
    """Labels come from the list of the form, or from the readers where it has none."""
    from pneumoscope.assurance.site.results import parse_list

    stated, found = _share("prevalence", prevalence), _judged(desk, since, until)
    if labels and labels.filename:
        listed = parse_list(labels.file.read(), "The list")
        return _Asked(labels.filename, found, listed, "", stated)
    remark = (
        "The labels are verdicts of readers who could see the answer: who follows it makes it look better than it is."
    )
    return _Asked("verdicts of the readers", found, _verdicts(desk), remark, stated)


_AskedOf = Annotated[_Asked, Depends(_ask)]


@router.post("/validation")
def show_validation(desk: DeskOf, who: Physicist, asked: _AskedOf) -> Response:
    """How right the answers of the station were, by the rule in force."""
    from pneumoscope.assurance.site.pages import validation_page

    made, labelled = _measure(desk, asked, desk.station.screener.rule)
    if profile := desk.station.screener.site:
        frozen = datetime.fromisoformat(profile.created).timestamp()
        counted = {film.sha256 for film in labelled.films.films}
        if early := sum(film.received < frozen and film.sha256 in counted for film, _ in asked.found):
            remark = (
                f"{early} films came before the profile was frozen. Where it was frozen on them, it looks better than "
                "it is: validate it on films that came later."
            )
            made = replace(made, claims=(*made.claims, remark))
    return _report(validation_page(made, labelled.films, labelled.picture_of))


@router.post("/site.json")
def freeze_profile(
    desk: DeskOf,
    who: Physicist,
    asked: _AskedOf,
    site: Annotated[str, Form(max_length=200)] = "",
    responsible: Annotated[str, Form(max_length=200)] = "",
    recall: Annotated[float, Form(**_SURE)] = 0.95,
    confidence: Annotated[float, Form(**_SURE)] = 0.95,
    specificity: Annotated[str, Form()] = "",
) -> Response:
    """A site profile of the films. It begins with the bundle's own rule, which no film of the site has chosen."""
    from pneumoscope.assurance.site.freezing import Wishes, freeze

    site, responsible = (" ".join(text.split()) for text in (site, responsible))
    if not (site and responsible):
        raise ProblemError(422, "A profile names the site, and who is responsible for its thresholds.")
    wishes = Wishes(site, responsible, recall, _share("specificity", specificity), confidence)
    made, labelled = _measure(desk, asked, desk.station.screener.card.rule)
    profile = freeze(made, labelled.films, wishes)
    profile = replace(profile, guarantees=(*profile.guarantees, *labelled.remarks))
    desk.station.log.note_event(who.name, f"froze a site profile, sha256 {profile.sha256}")
    return _download(profile.to_text(), "site.json", "application/json")


@router.post("/predictions.csv")
def get_predictions(desk: DeskOf, who: Physicist, asked: _AskedOf) -> Response:
    """The labels and answers that a profile is frozen on; the profile has the digest of this file."""
    from pneumoscope.assurance.site.films import write_predictions

    rule = desk.station.screener.card.rule
    labelled = label_films(asked.found, asked.listed, rule, desk.station.folder)
    return _download(write_predictions(labelled.films), "predictions.csv", "text/csv; charset=utf-8")


def _measure(desk: Desk, asked: _Asked, rule: DecisionRule) -> "tuple[Validation, LabelledFilms]":
    from pneumoscope.assurance.site.films import write_predictions
    from pneumoscope.assurance.site.measuring import measure, subject_of

    labelled = label_films(asked.found, asked.listed, rule, desk.station.folder)
    labelled = replace(labelled, remarks=tuple(filter(None, (asked.remark, *labelled.remarks))))
    made = measure(labelled.films, rule, subject_of(desk.station.screener), asked.name, asked.prevalence)
    predictions = hashlib.sha256(write_predictions(labelled.films).encode()).hexdigest()
    return replace(made, claims=(*made.claims, *labelled.remarks), predictions_sha256=predictions), labelled


@router.get("/profile")
def show_profile(desk: DeskOf, who: Physicist) -> Response:
    """The frozen profile in force."""
    from pneumoscope.assurance.site.pages import profile_page

    return _report(profile_page(_profile(desk)))


@router.get("/watch")
def show_watch(
    desk: DeskOf,
    who: Physicist,
    since: str = "",
    until: str = "",
    by: Literal["day", "week", "month"] = "week",
) -> Response:
    """Whether the station's films still look like those of the profile."""
    from pneumoscope.assurance.site.pages import watch_page
    from pneumoscope.assurance.site.watching import watch

    profile = _profile(desk)
    joined: list[tuple[ResultRow, Listed | None]] = [(row, None) for row in _rows(desk, since, until)]
    return _report(watch_page(watch(joined, profile, by), profile))


@router.get("/shadow")
def show_shadow(desk: DeskOf, who: Physicist, since: str = "", until: str = "") -> Response:
    """Whether the readers agree, by the criteria of the profile."""
    from pneumoscope.assurance.site.pages import shadow_page
    from pneumoscope.assurance.site.results import join
    from pneumoscope.assurance.site.shadowing import shadow

    profile = _profile(desk)
    rows, listed = _rows(desk, since, until), _verdicts(desk)
    return _report(shadow_page(shadow(list(join(rows, listed, Path())), len(listed), profile), profile))


@router.get("/verdicts.csv")
def get_verdicts(desk: DeskOf, who: Physicist) -> Response:
    """The readers' verdicts, as ``pneumoscope site shadow --reports`` reads them."""
    return _download(desk.verdicts.export(), "verdicts.csv", "text/csv; charset=utf-8")


@router.get("/results.jsonl")
def get_results(desk: DeskOf, who: Physicist, since: str = "", until: str = "") -> Response:
    """The station's results, as ``pneumoscope site watch`` reads them."""
    import json

    found = desk.station.results.between(*_times(since, until))
    lines = "".join(json.dumps(result.record) + "\n" for _, result in found)
    return _download(lines, "results.jsonl", "application/x-ndjson")


def _profile(desk: Desk) -> SiteProfile:
    if profile := desk.station.screener.site:
        return profile
    raise ProblemError(
        422,
        "The station runs without a site profile. Freeze one with `pneumoscope site freeze`, and start with --site.",
    )


def _rows(desk: Desk, since: str, until: str) -> list[ResultRow]:
    import msgspec

    records = [result.record for _, result in _judged(desk, since, until)]
    rows = [msgspec.convert(record, ResultRow, strict=False) for record in records]
    return sorted(rows, key=lambda row: row.time)


def _judged(desk: Desk, since: str, until: str) -> list[tuple[Film, StoredResult]]:
    """The films of a time that the bundle now loaded has judged."""
    bundle = desk.station.screener.model.sha256
    found = desk.station.results.between(*_times(since, until))
    if judged := [(film, result) for film, result in found if result.record["model_sha256"] == bundle]:
        return judged
    raise ProblemError(422, "There are no results of this bundle in that time.")


def _verdicts(desk: Desk) -> list[Listed]:
    """What the readers say, the newest verdict on each film."""
    from pneumoscope.assurance.site.results import parse_list

    listed = parse_list(desk.verdicts.export().encode(), "The verdicts")
    return list({entry.source_sha256: entry for entry in listed}.values())


def _times(since: str, until: str) -> tuple[float, float]:
    try:
        begin = datetime.fromisoformat(since).timestamp() if since else 0.0
        end = datetime.fromisoformat(until).timestamp() + 86400 if until else datetime.now(UTC).timestamp() + 1
    except ValueError:
        raise ProblemError(422, "A date is written YYYY-MM-DD.") from None
    return begin, end


def _download(text: str, name: str, media: str) -> Response:
    return Response(text, media_type=media, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _report(page: str) -> HTMLResponse:
    """A page that ``pneumoscope site`` makes. Its style sheet stands inside it, and is let through by its digest."""
    hashes = " ".join(map(_digest, _STYLE.findall(page)))
    policy = POLICY.replace("style-src 'self'", f"style-src 'self' {hashes}").replace("script-src 'self'; ", "")
    return HTMLResponse(page, headers={"Content-Security-Policy": policy})


@cache
def _digest(style: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"
