"""What every page and every address of the REST service works with."""

import hashlib
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pneumoscope.pages import THEME, environment
from pneumoscope.serving.station import Station
from pneumoscope.serving.store.people import People
from pneumoscope.serving.store.verdicts import Verdicts
from pneumoscope.serving.web.throttle import Throttle

if TYPE_CHECKING:
    from jinja2 import Environment

_STATIC = Path(__file__).with_name("static")


@dataclass(frozen=True)
class Desk:
    """The station with what the web server adds to it.

    Attributes:
        station: behind it all.
        people: accounts, sessions and tokens.
        verdicts: of the readers.
        throttle: slows down who guesses.
        templates: of the pages.
        static: the files that pages load, by name.
        started: seconds since 1970.
    """

    station: Station
    people: People
    verdicts: Verdicts
    throttle: Throttle
    templates: "Environment"
    static: dict[str, bytes]
    started: float = field(default_factory=time.time)

    @classmethod
    def of(cls, station: Station) -> "Desk":
        """Make one for a station."""
        static = {path.name: path.read_bytes() for path in _STATIC.iterdir() if path.is_file()}
        static["theme.css"] = THEME.read_bytes()
        pages = environment("pneumoscope.serving.web")
        marks = {name: hashlib.sha256(content).hexdigest()[:12] for name, content in static.items()}
        pages.globals["static"] = lambda name: f"/static/{marks[name]}/{name}"
        database = station.database
        return cls(station, People(database), Verdicts(database), Throttle(), pages, static)

    @property
    def open(self) -> bool:
        """Whether whoever reaches the station may do everything: on a loopback address, and without accounts."""
        return self.station.settings.web.private and not self.people.accounts()

    @property
    def encrypted(self) -> bool:
        """Whether browsers reach the station by HTTPS."""
        web = self.station.settings.web
        return web.certificate is not None or web.behind_proxy

    @property
    def cookie(self) -> str:
        """The name of the session's cookie."""
        return "__Host-pneumoscope" if self.encrypted else "pneumoscope"
