"""The process: a station, and the server of its pages."""

import logging
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pneumoscope.errors import DataError
from pneumoscope.serving.settings import Settings, WebSettings
from pneumoscope.serving.station import Station
from pneumoscope.serving.store.people import People
from pneumoscope.serving.web.app import build_app
from pneumoscope.serving.web.exposure import check_exposure

if TYPE_CHECKING:
    from starlette.types import ASGIApp
    from uvicorn import Server

_MOST_AT_ONCE = 200  # connections; more are told that the server is busy
_MOST_HEADERS = 32 * 2**10  # bytes
_LAST_REQUESTS = 10  # seconds that requests have to end when the server is stopped


def serve(settings: Settings, say: Callable[[str], None]) -> int:
    """Run a station with its pages until a signal stops it.

    Args:
        settings: of the station.
        say: tells a person where the pages are.

    Returns:
        The exit code: 0.

    Raises:
        DataError: the settings, the state or a port cannot be used.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in ("uvicorn", "multipart", "python_multipart", "httpx", "pydicom", "pynetdicom"):
        logging.getLogger(name).setLevel(logging.WARNING)
    with Station(settings) as station:
        check_exposure(settings.web, People(station.database))
        with listen(settings.web) as door:
            server = make_server(build_app(station), settings.web)
            say(f"Pneumoscope station: {address(settings.web, door.getsockname()[1])}")
            if station.node:
                say(f"DICOM node: {settings.dicom.ae_title if settings.dicom else ''} on port {station.node.port}")
            say("Research use; not a medical device. Stop with Ctrl-C.")
            with _signals_held():
                server.run(sockets=[door])
    say("The station has stopped; everything that was received is kept.")
    return 0


def make_server(app: "ASGIApp", settings: WebSettings) -> "Server":
    """Make the server, with its limits and without a log of addresses.

    Raises:
        DataError: the certificate or its key cannot be used.
    """
    import uvicorn

    config = uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        server_header=False,
        lifespan="off",
        ws="none",
        proxy_headers=settings.behind_proxy,
        limit_concurrency=_MOST_AT_ONCE,
        h11_max_incomplete_event_size=_MOST_HEADERS,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=_LAST_REQUESTS,
        http="h11",
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.key,
    )
    try:
        config.load()
    except OSError as error:  # ssl's errors are among them
        raise DataError(f"{settings.certificate}: this certificate and its key cannot be used.") from error
    return uvicorn.Server(config)


@contextmanager
def listen(settings: WebSettings) -> Iterator[socket.socket]:
    """Open the port.

    Raises:
        DataError: it is taken, or the address is not one of this machine.
    """
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0][0]
        door = socket.create_server((settings.host, settings.port), family=family, backlog=128)
    except OSError as error:
        raise DataError(
            f"{settings.host}, port {settings.port}: cannot be listened on ({error.strerror}). "
            "Is another station running? --port takes another one."
        ) from error
    try:
        yield door
    finally:
        door.close()


def address(settings: WebSettings, port: int) -> str:
    """The address of the pages."""
    scheme = "https" if settings.certificate else "http"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{scheme}://{host}:{port}"


@contextmanager
def _signals_held() -> Iterator[None]:
    """Let uvicorn alone end on a signal: afterwards it sends the signal once more, which would end the process."""
    kinds = (signal.SIGTERM, signal.SIGINT)
    before = {kind: signal.signal(kind, lambda *_: None) for kind in kinds}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
