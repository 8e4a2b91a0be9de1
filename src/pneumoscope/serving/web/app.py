"""The application: its addresses and its guard."""

from fastapi import FastAPI
from starlette.types import ASGIApp

from pneumoscope._version import __version__
from pneumoscope.serving.station import Station
from pneumoscope.serving.web.api import screenings, state, studies
from pneumoscope.serving.web.desk import Desk
from pneumoscope.serving.web.failures import add_handlers
from pneumoscope.serving.web.guard import Guard
from pneumoscope.serving.web.pages import assets, film, people, site, targets, upload, worklist
from pneumoscope.serving.web.pages import station as station_pages
from pneumoscope.serving.web.rendering import add_filters

ROUTERS = (
    screenings.router,
    studies.router,
    state.router,
    assets.router,
    people.router,
    worklist.router,
    film.router,
    upload.router,
    station_pages.router,
    targets.router,
    site.router,
)


def build_app(station: Station) -> ASGIApp:
    """Make the web application of a station.

    Args:
        station: that is started and stopped by the caller.
    """
    app = FastAPI(
        title="Pneumoscope station",
        version=__version__,
        description="Screens chest radiographs for pneumonia. Research use; not a medical device.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.desk = Desk.of(station)
    add_filters(app.state.desk)
    add_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    return Guard(app, station.settings.web)
