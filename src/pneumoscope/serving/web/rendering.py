"""From values to pages."""

import time
from typing import Annotated, Any, cast

from fastapi import Depends, Request
from starlette.responses import HTMLResponse

from pneumoscope._version import __version__
from pneumoscope.decision.operating_point import threshold_text
from pneumoscope.screening.output.summary import probability_text
from pneumoscope.serving.web.desk import Desk


def desk_of(request: Request) -> Desk:
    """The desk of the application that a request reached."""
    return cast(Desk, request.app.state.desk)


DeskOf = Annotated[Desk, Depends(desk_of)]


def add_filters(desk: Desk) -> None:
    """Give the templates the words of the station."""
    desk.templates.filters |= {
        "probability": probability_text,
        "threshold": threshold_text,
        "moment": moment,
        "words": lambda code: str(code).replace("_", " "),
    }
    desk.templates.globals |= {"version": __version__}


def moment(seconds: float | None) -> str:
    """A time for people, in the time zone of the station."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds)) if seconds else "never"


def render(
    desk: Desk, request: Request, name: str, *, status: int = 200, headers: dict[str, str] | None = None, **values: Any
) -> HTMLResponse:
    """Fill a template.

    Args:
        desk: of the station.
        request: that is answered.
        name: of the template.
        status: of HTTP.
        headers: of the answer.
        values: for the template, beside who asks, the model and the address.
    """
    common = {
        "person": getattr(request.state, "person", None),
        "open": desk.open,
        "here": request.url.path,
        "model": desk.station.screener.model,
        "site": desk.station.screener.site,
    }
    page = desk.templates.get_template(name).render(common | values)
    return HTMLResponse(page, status, headers)
