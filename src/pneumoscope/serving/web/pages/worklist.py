"""The worklist: all films, the newest or the most urgent first."""

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from pneumoscope.imaging import Reason
from pneumoscope.serving.store.results import NEWEST, ORDERS, Filters
from pneumoscope.serving.web.api.screenings import find
from pneumoscope.serving.web.desk import Desk
from pneumoscope.serving.web.identity import DeskOf, Reader
from pneumoscope.serving.web.problems import ProblemError
from pneumoscope.serving.web.rendering import render
from pneumoscope.serving.web.views import Row

router = APIRouter(include_in_schema=False)

PAGE = 50
"""Films of a page."""

FINDINGS = ("pneumonia", "uncertain", "normal", "not_assessed", "failed")


@dataclass(frozen=True)
class Asked:
    """What somebody asks of the worklist. Texts are empty where nothing is asked."""

    order: str = NEWEST
    finding: str = ""
    reason: str = ""
    device: str = ""
    since: str = ""
    until: str = ""
    text: str = ""
    page: int = 1

    def filters(self) -> Filters:
        """The same for the store.

        Raises:
            ProblemError: a date is none.
        """
        until = _day(self.until)
        return Filters(
            finding=self.finding or None,
            reason=self.reason or None,
            device=self.device or None,
            since=_day(self.since),
            until=None if until is None else until + timedelta(days=1).total_seconds(),
            text=self.text.strip() or None,
        )


def _day(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp() if text else None
    except ValueError:
        raise ProblemError(422, "A date is written YYYY-MM-DD.") from None


def _of_form(
    order: Annotated[str, Form()] = NEWEST,
    finding: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
    device: Annotated[str, Form()] = "",
    since: Annotated[str, Form()] = "",
    until: Annotated[str, Form()] = "",
    text: Annotated[str, Form(max_length=200)] = "",
    page: Annotated[int, Form(ge=1, le=10**6)] = 1,
) -> Asked:
    return Asked(order if order in ORDERS else NEWEST, finding, reason, device, since, until, text, page)


_AskedByForm = Annotated[Asked, Depends(_of_form)]


@router.get("/")
def show(request: Request, desk: DeskOf, who: Reader, order: str = NEWEST, finding: str = "") -> Response:
    """The page."""
    asked = Asked(order if order in ORDERS else NEWEST, finding if finding in FINDINGS else "")
    return render(desk, request, "worklist.html.j2", **_values(desk, asked))


@router.post("/")
def search(request: Request, desk: DeskOf, who: Reader, asked: _AskedByForm) -> Response:
    """The page as the form asks for it. What is searched for never stands in an address."""
    return render(desk, request, "worklist.html.j2", **_values(desk, asked))


@router.post("/rows")
def rows(
    request: Request, desk: DeskOf, who: Reader, asked: _AskedByForm, seen: Annotated[str, Form()] = ""
) -> Response:
    """The rows alone; nothing where they are those that the page has already."""
    values = _values(desk, asked)
    if values["mark"] == seen:
        return Response(status_code=204)
    return render(desk, request, "rows.html.j2", **values)


@router.post("/films/{identity}/again")
def try_again(identity: str, request: Request, desk: DeskOf, who: Reader) -> Response:
    """Have a film judged again that was set aside."""
    film = find(desk, identity)
    desk.station.films.retry(film.id)
    desk.station.log.note_event(who.name, "had a film tried again")
    return RedirectResponse(f"/films/{film.id}", 303)


def make_rows(desk: Desk, filters: Filters, order: str, limit: int, offset: int) -> tuple[list[Row], int]:
    """Films as rows with the readers' opinions, and how many there are in all."""
    found, total = desk.station.results.page(filters, order, limit=limit, offset=offset)
    opinions = desk.verdicts.of_results(result.id for _, result in found if result)
    return [Row.of(film, result, opinions.get(result.id) if result else None) for film, result in found], total


def mark_of(made: list[Row], total: int) -> str:
    """What changes when rows change."""
    content = repr([(row.film.id, row.film.state, row.film.result, row.opinion) for row in made])
    return hashlib.sha256(f"{total} {content}".encode()).hexdigest()[:16]


def _values(desk: Desk, asked: Asked) -> dict[str, Any]:
    made, total = make_rows(desk, asked.filters(), asked.order, PAGE, PAGE * (asked.page - 1))
    return {
        "rows": made,
        "total": total,
        "mark": mark_of(made, total),
        "asked": asked,
        "narrowed": any(value for name, value in asdict(asked).items() if name not in ("order", "page")),
        "pages": max(1, -(-total // PAGE)),
        "counts": desk.station.results.counts(),
        "devices": desk.station.results.devices(),
        "findings": FINDINGS,
        "reasons": [str(reason) for reason in Reason],
    }
