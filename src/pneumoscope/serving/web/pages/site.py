"""The site: plan, the profile in force, what later films look like, and the readers' verdicts."""

import base64
import hashlib
import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from pneumoscope.assurance.site.results import Listed, ResultRow
from pneumoscope.decision.site_profile import SiteProfile
from pneumoscope.serving.web.desk import Desk
from pneumoscope.serving.web.guard import POLICY
from pneumoscope.serving.web.identity import DeskOf, Physicist
from pneumoscope.serving.web.problems import ProblemError
from pneumoscope.serving.web.rendering import render

router = APIRouter(prefix="/site", include_in_schema=False)

_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_Share = Annotated[float, Query(gt=0, lt=1)]


@router.get("")
def show(request: Request, desk: DeskOf, who: Physicist) -> Response:
    """The page."""
    profile = desk.station.screener.site
    exported = len(desk.verdicts.export().splitlines()) - 1
    return render(desk, request, "site.html.j2", profile=profile, exported=exported, rule=desk.station.screener.rule)


@router.get("/plan")
def show_plan(
    desk: DeskOf, who: Physicist, recall: _Share = 0.95, confidence: _Share = 0.95, prevalence: str = ""
) -> Response:
    """How many labelled films a promise needs."""
    from pneumoscope.assurance.site.pages import plan_page
    from pneumoscope.assurance.site.plan import plan

    if min(recall, confidence) <= 0.5:
        raise ProblemError(422, "Recall and confidence lie between 0.5 and 1.")
    return _report(plan_page(plan(recall, confidence, _prevalence(prevalence))))


def _prevalence(text: str) -> float | None:
    try:
        value = float(text) if text.strip() else None
    except ValueError:
        value = 0.0
    if value is not None and not 0 < value < 1:
        raise ProblemError(422, "The prevalence lies between 0 and 1, such as 0.1; leave it empty if it is not known.")
    return value


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
    joined: list[tuple[ResultRow, Listed | None]] = [(row, None) for row in _rows(desk, profile, since, until)]
    return _report(watch_page(watch(joined, profile, by), profile))


@router.get("/shadow")
def show_shadow(desk: DeskOf, who: Physicist, since: str = "", until: str = "") -> Response:
    """Whether the readers agree, by the criteria of the profile."""
    from pneumoscope.assurance.site.pages import shadow_page
    from pneumoscope.assurance.site.results import join, read_list
    from pneumoscope.assurance.site.shadowing import shadow

    profile = _profile(desk)
    rows = _rows(desk, profile, since, until)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "verdicts.csv"
        path.write_text(desk.verdicts.export(), encoding="utf-8")
        listed = read_list(path)
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


def _rows(desk: Desk, profile: SiteProfile, since: str, until: str) -> list[ResultRow]:
    import msgspec

    records = [result.record for _, result in desk.station.results.between(*_times(since, until))]
    rows = [msgspec.convert(record, ResultRow, strict=False) for record in records]
    rows = [row for row in rows if row.model_sha256 == profile.bundle_sha256]
    if not rows:
        raise ProblemError(422, "There are no results of this bundle in that time.")
    return sorted(rows, key=lambda row: row.time)


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
