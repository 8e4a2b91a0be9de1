"""Upload: many films at once, and their results as they come."""

import csv
import io
import re
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Request
from fastapi import Path as InPath
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, RedirectResponse, Response

from pneumoscope.escaping import csv_cell
from pneumoscope.screening.output.summary import Counts
from pneumoscope.screening.record import FIELDS
from pneumoscope.serving.store.films import Origin
from pneumoscope.serving.store.results import NEWEST, Filters
from pneumoscope.serving.web.desk import Desk
from pneumoscope.serving.web.identity import DeskOf, Reader
from pneumoscope.serving.web.pages.worklist import make_rows, mark_of
from pneumoscope.serving.web.problems import wants_json
from pneumoscope.serving.web.rendering import render
from pneumoscope.serving.web.taking import Taken, take_form

router = APIRouter(include_in_schema=False)

MOST_SHOWN = 1000
"""Most films of one upload that its page shows; the CSV has all."""

_Batch = Annotated[str, InPath(pattern="^[0-9a-f]{32}$")]
_HEX = re.compile("[0-9a-f]{32}")


@router.get("/upload")
def show(request: Request, desk: DeskOf, who: Reader) -> Response:
    """The page; it names what is uploaded from it by a number of its own."""
    return render(desk, request, "upload.html.j2", batch=uuid4().hex)


@router.post("/upload")
async def take_upload(request: Request, desk: DeskOf, who: Reader) -> Response:
    """Take the films of the form. A script gets JSON; a browser without scripts is sent to the page of the results."""
    taken = await take_form(desk, request, Origin.PAGE, who)
    if wants_json(request):
        return JSONResponse({"files": [_told(one) for one in taken]})
    film = next((one.film for one in taken if one.film), None)
    if film is None and taken[0].problem:
        raise taken[0].problem
    return RedirectResponse(f"/batches/{film.batch}" if film and _HEX.fullmatch(film.batch) else "/", 303)


def _told(taken: Taken) -> dict[str, object]:
    if taken.film is None:
        return {"name": taken.name, "said": taken.problem.detail if taken.problem else ""}
    return {"name": taken.name, "film": taken.film.id, "new": taken.new}


@router.get("/batches/{batch}.csv")
async def get_table(batch: _Batch, desk: DeskOf, who: Reader) -> Response:
    """The results of an upload as CSV."""
    text = await run_in_threadpool(_table, desk, batch)
    return Response(
        text,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="results.csv"'},
    )


@router.get("/batches/{batch}")
def show_batch(batch: _Batch, request: Request, desk: DeskOf, who: Reader, seen: str = "") -> Response:
    """The results of an upload so far; only the list for a page that has the rest already."""
    rows, total = make_rows(desk, Filters(batch=batch), NEWEST, MOST_SHOWN, 0)
    mark = mark_of(rows, total)
    if seen == mark:
        return Response(status_code=204)
    counts = Counts.of(row.record for row in rows if row.record)
    values: dict[str, Any] = {"rows": rows, "total": total, "mark": mark, "batch": batch, "sentence": counts.sentence()}
    name = "batch_rows.html.j2" if "hx-request" in request.headers else "batch.html.j2"
    return render(desk, request, name, **values)


def _table(desk: Desk, batch: str) -> str:
    rows, _ = desk.station.results.page(Filters(batch=batch), limit=-1)
    text = io.StringIO()
    columns = [name for name in FIELDS if name != "listed"]
    writer = csv.DictWriter(text, columns, extrasaction="ignore")
    writer.writeheader()
    for film, result in reversed(rows):
        if result and film.result:
            record = result.record | {"remarks": " ".join(result.record["remarks"])}
            writer.writerow({name: csv_cell(record[name]) for name in columns})
    return text.getvalue()
