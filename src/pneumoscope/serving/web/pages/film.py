"""One film: its picture, what was found, and what the reader says."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.responses import FileResponse, RedirectResponse, Response

from pneumoscope.imaging import Remark
from pneumoscope.screening.output.heatmap_picture import LEGEND
from pneumoscope.serving.deliverables import HEAT, PREVIEW
from pneumoscope.serving.store.films import Film
from pneumoscope.serving.store.results import StoredResult
from pneumoscope.serving.store.verdicts import Opinion, Seen
from pneumoscope.serving.web.api.screenings import find
from pneumoscope.serving.web.desk import Desk
from pneumoscope.serving.web.identity import DeskOf, Reader
from pneumoscope.serving.web.pixels import pixels_of, result_file, thumbnail_of
from pneumoscope.serving.web.problems import ProblemError
from pneumoscope.serving.web.rendering import render
from pneumoscope.serving.web.views import Row, facts

router = APIRouter(prefix="/films", include_in_schema=False)


@router.get("/{identity}")
def show(identity: str, request: Request, desk: DeskOf, who: Reader) -> Response:
    """The page of a film."""
    film = find(desk, identity)
    result = desk.station.results.of_film(film)
    earlier, later = desk.station.films.neighbours(film)
    return render(
        desk,
        request,
        "film.html.j2",
        row=Row.of(film, result),
        film=film,
        earlier=earlier,
        later=later,
        picture=bool(film.spool) or result_file(desk, film, PREVIEW) is not None,
        heat=result_file(desk, film, HEAT) is not None,
        legend=LEGEND,
        **_said(desk, film, result, who.name),
    )


def _said(desk: Desk, film: Film, result: StoredResult | None, reader: str) -> dict[str, Any]:
    """What is known of the result; empty while there is none."""
    if result is None:
        return {"extra": {}, "facts": [], "remarks": [], "letters": [], "verdicts": [], "mine": None}
    verdicts = desk.verdicts.of_result(result.id)
    return {
        "extra": result.extra,
        "facts": facts(result.extra),
        "remarks": [Remark(code).sentence for code in result.record["remarks"]],
        "letters": list(desk.station.outbox.of_result(result.id)),
        "verdicts": verdicts,
        "mine": next((verdict for verdict in verdicts if verdict.reader == reader), None),
    }


@router.get("/{identity}/pixels")
def get_pixels(identity: str, desk: DeskOf, who: Reader) -> Response:
    """The picture for the viewer."""
    return _picture(pixels_of(desk, find(desk, identity)), "image/png")


@router.get("/{identity}/thumbnail")
def get_thumbnail(identity: str, desk: DeskOf, who: Reader) -> Response:
    """The picture for a list."""
    return _picture(thumbnail_of(desk, find(desk, identity)), "image/jpeg")


@router.get("/{identity}/heat")
def get_heat(identity: str, desk: DeskOf, who: Reader) -> Response:
    """The heatmap's layer."""
    path: Path | None = result_file(desk, find(desk, identity), HEAT)
    if path is None:
        raise ProblemError(404, "There is no heatmap of this film.")
    return FileResponse(path, media_type="image/png")


def _picture(content: bytes | None, media: str) -> Response:
    if content is None:
        raise ProblemError(404, "There is no picture of this film.")
    return Response(content, media_type=media)


@router.post("/{identity}/verdict")
def put_verdict(
    identity: str,
    desk: DeskOf,
    who: Reader,
    verdict: Annotated[Opinion, Form()],
    seen: Annotated[str, Form()] = "",
    comment: Annotated[str, Form()] = "",
) -> Response:
    """Keep what the reader says."""
    film = find(desk, identity)
    if not film.result:
        raise ProblemError(422, "The film is not judged yet, so there is nothing to agree with.")
    if seen and seen not in set(Seen):
        raise ProblemError(422, "Say what you see: normal, pneumonia or something else.")
    desk.verdicts.add(film.result, who.name, verdict, Seen(seen) if seen else None, comment.strip())
    return RedirectResponse(f"/films/{film.id}#verdict", 303)
