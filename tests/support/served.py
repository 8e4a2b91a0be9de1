"""A station's pages behind a socket, for tests that open them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pneumoscope.serving.station import Station
from pneumoscope.serving.web.app import build_app
from pneumoscope.serving.web.server import listen, make_server

SAME = {"sec-fetch-site": "same-origin"}


@contextmanager
def served(station: Station) -> Iterator[str]:
    """A server of the station's pages, and its address."""
    with listen(station.settings.web) as door:
        server = make_server(build_app(station), station.settings.web)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
