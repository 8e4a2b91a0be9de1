"""Films in, results out."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import FileResponse, JSONResponse

from pneumoscope.serving.deliverables import CAPTURE, HEAT, PREVIEW, REPORT
from pneumoscope.serving.store.films import Film, FilmState, Origin
from pneumoscope.serving.store.results import NEWEST, ORDERS, Filters, StoredResult
from pneumoscope.serving.web.api.described import FILE_BODY, PROBLEMS, SCREENING, described
from pneumoscope.serving.web.bodies import read_body
from pneumoscope.serving.web.desk import Desk
from pneumoscope.serving.web.identity import DeskOf, Reader
from pneumoscope.serving.web.pixels import result_file
from pneumoscope.serving.web.problems import ProblemError
from pneumoscope.serving.web.taking import Taken, take, take_form, wait_for

router = APIRouter(prefix="/api/v1", tags=["screenings"])

MOST_WAIT = 30
"""Seconds for which a request may wait for its results."""

RAW = ("application/dicom", "image/png", "image/jpeg", "image/tiff", "application/octet-stream")
"""Content types of a body that is one film."""

LINKS = {"preview": PREVIEW, "heatmap": HEAT, "report": REPORT, "capture": CAPTURE}


@router.post(
    "/screenings",
    status_code=201,
    summary="Send a film, or several",
    openapi_extra=FILE_BODY,
    responses={201: described("Taken.", SCREENING), 200: described("Known already.", SCREENING), **PROBLEMS},
)
async def post_screenings(
    request: Request,
    desk: DeskOf,
    who: Reader,
    wait: Annotated[float, Query(ge=0, le=MOST_WAIT, description="seconds to wait for the results")] = 0,
) -> Response:
    """Take one film as the body, or up to 50 as ``multipart/form-data``.

    It answers when the films are safe on the disk. With ``wait`` it answers when they are judged, or after so many
    seconds. The same content again is the same screening: then the answer is 200. A form is answered with a list, in
    which a file that cannot be taken has a ``problem``.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        taken = await take_form(desk, request, Origin.REST, who)
        await wait_for(desk, [one.film for one in taken if one.film], wait)
        return _many(desk, taken)
    if kind not in RAW:
        raise ProblemError(415, f"A film comes as multipart/form-data or as one of {', '.join(RAW)}.")
    film, new = await take(desk, await read_body(request), Origin.REST, who)
    await wait_for(desk, [film], wait)
    shown = screening(desk, desk.station.films.get(film.id) or film)
    return JSONResponse(shown, 201 if new else 200, headers={"Location": shown["links"]["self"]})


@router.get(
    "/screenings",
    summary="List films with their results",
    responses={200: described("A page of the list.", {"type": "object"}), **PROBLEMS},
)
def list_screenings(
    desk: DeskOf,
    who: Reader,
    finding: Annotated[str | None, Query(description="normal, uncertain, pneumonia, not_assessed or failed")] = None,
    reason: Annotated[str | None, Query(description="a coded reason, see docs/refusals.md")] = None,
    device: Annotated[str | None, Query(description="code of a device, as results have it")] = None,
    since: Annotated[datetime | None, Query(description="received at or after, ISO 8601")] = None,
    until: Annotated[datetime | None, Query(description="received before, ISO 8601")] = None,
    batch: Annotated[str | None, Query(description="films that came together")] = None,
    order: Annotated[str, Query(pattern=f"^({'|'.join(ORDERS)})$", description="newest or urgent")] = NEWEST,
    limit: Annotated[int, Query(ge=1, le=500, description="films of a page")] = 50,
    offset: Annotated[int, Query(ge=0, le=10**9, description="films to leave out at the begin")] = 0,
) -> dict[str, Any]:
    """Films, the newest or the most urgent first. Times are ISO 8601. Names of files cannot be searched for here."""
    begin, end = (moment.timestamp() if moment else None for moment in (since, until))
    filters = Filters(finding, reason, device, begin, end, batch)
    rows, total = desk.station.results.page(filters, order, limit=limit, offset=offset)
    shown = [screening(desk, film, result) for film, result in rows]
    return {"total": total, "limit": limit, "offset": offset, "screenings": shown}


@router.get(
    "/screenings/{identity}",
    summary="One film with its result",
    responses={200: described("The film.", SCREENING), **PROBLEMS},
)
def get_screening(identity: str, desk: DeskOf, who: Reader) -> dict[str, Any]:
    """State, result and links."""
    return screening(desk, find(desk, identity))


@router.get("/screenings/{identity}/preview", summary="A small picture, PNG", response_class=FileResponse)
def get_preview(identity: str, desk: DeskOf, who: Reader) -> FileResponse:
    """The film, its longer side at most 512 pixels. There is none of a film that was not assessed."""
    return _file(desk, identity, PREVIEW, "image/png")


@router.get("/screenings/{identity}/heatmap", summary="The heatmap, PNG with transparency", response_class=FileResponse)
def get_heatmap(identity: str, desk: DeskOf, who: Reader) -> FileResponse:
    """The regions that raised the score, to be laid over the preview. There is none where it failed its check."""
    return _file(desk, identity, HEAT, "image/png")


@router.get("/screenings/{identity}/report", summary="The DICOM structured report", response_class=FileResponse)
def get_report(identity: str, desk: DeskOf, who: Reader) -> FileResponse:
    """Comprehensive 3D SR, TID 1500. There is one of DICOM films only."""
    return _file(desk, identity, REPORT, "application/dicom")


@router.get("/screenings/{identity}/capture", summary="The DICOM secondary capture", response_class=FileResponse)
def get_capture(identity: str, desk: DeskOf, who: Reader) -> FileResponse:
    """A picture of the result for a PACS. There is one of DICOM films only."""
    return _file(desk, identity, CAPTURE, "application/dicom")


def find(desk: Desk, identity: str) -> Film:
    """Find a film.

    Raises:
        ProblemError: there is none.
    """
    if film := desk.station.films.get(identity):
        return film
    raise ProblemError(404, "There is no such film, or it is no longer kept.")


def screening(desk: Desk, film: Film, result: StoredResult | None = None) -> dict[str, Any]:
    """A film with its result, as JSON values."""
    result = result or desk.station.results.of_film(film)
    here = f"/api/v1/screenings/{film.id}"
    links = {name: f"{here}/{name}" for name, file in LINKS.items() if result_file(desk, film, file)}
    return {
        "id": film.id,
        "state": film.state,
        "received": datetime.fromtimestamp(film.received, UTC).isoformat(timespec="milliseconds"),
        "origin": film.origin,
        "resent": film.resent,
        "uid_conflict": bool(film.conflict),
        "sha256": film.sha256,
        "result": result.record if result else None,
        "explanation": result.extra if result else None,
        "links": {"self": here, "page": f"/films/{film.id}"} | links,
    }


def _many(desk: Desk, taken: list[Taken]) -> JSONResponse:
    shown = [_one(desk, one) for one in taken]
    problems = [one.problem for one in taken if one.problem]
    status = 201 if any(one.new for one in taken) else 200
    if len(problems) == len(taken):
        status = problems[0].status
    return JSONResponse({"screenings": shown}, status)


def _one(desk: Desk, taken: Taken) -> dict[str, Any]:
    named = {"name": taken.name}
    if taken.film is None:
        return named | {"problem": taken.problem.to_dict() if taken.problem else None}
    film = desk.station.films.get(taken.film.id) or taken.film
    return named | {"new": taken.new} | screening(desk, film)


def _file(desk: Desk, identity: str, name: str, media: str) -> FileResponse:
    film = find(desk, identity)
    path: Path | None = result_file(desk, film, name)
    if path is None:
        waits = film.state in (FilmState.WAITING, FilmState.WORKING)
        raise ProblemError(404, "The film is not judged yet." if waits else "There is none of this film.")
    return FileResponse(path, media_type=media)
