"""The outermost layer: which hosts and pages may ask, and what every answer tells the browser."""

import logging
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pneumoscope.serving.settings import LOOPBACK, WebSettings
from pneumoscope.serving.web.problems import API, ProblemError, note, problem_json

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""The Content-Security-Policy: nothing inline, nothing from elsewhere."""

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}
"""Of every answer that does not say otherwise itself."""

MOST_FORM = 2**20
"""Most bytes of a body, but for those that hold films."""

FILMS = ("/api/v1/screenings", "/api/v1/studies", "/upload")
"""Addresses that take films; they have limits of their own."""

_SAFE = {"GET", "HEAD", "OPTIONS"}
_log = logging.getLogger("pneumoscope.station")


class Guard:
    """Wraps the application.

    On a loopback address it answers to the names of this machine only, so that no page from elsewhere can reach it by a
    name of its own (DNS rebinding). What changes something has to come from a page of the station itself.
    """

    def __init__(self, app: ASGIApp, settings: WebSettings) -> None:
        """Take the application, and how it is reached."""
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                _complete(MutableHeaders(scope=message), self._settings.certificate is not None)
            await send(message)

        if problem := self._refuse(scope, Headers(scope=scope)):
            await problem_json(problem)(scope, receive, answer)
            return
        try:
            await self._app(scope, receive if scope["path"] in FILMS else _limited(receive), answer)
        except Exception as error:
            note(error)
            if not begun:
                await problem_json(ProblemError(500))(scope, receive, answer)

    def _refuse(self, scope: Scope, headers: Headers) -> ProblemError | None:
        host = headers.get("host", "")
        if self._settings.private and _name(host) not in LOOPBACK:
            return ProblemError(421)
        declared = headers.get("content-length", "0")
        if scope["path"] not in FILMS and not (declared.isdigit() and int(declared) <= MOST_FORM):
            return ProblemError(413, headers={"Connection": "close"})
        if scope["method"] in _SAFE or _asks_with_token(headers) or is_own(headers, scope["path"].startswith(API)):
            return None
        return ProblemError(403, "This request does not come from a page of the station.", "foreign_page")


def is_own(headers: Mapping[str, str], program: bool) -> bool:
    """Whether a request that changes something comes from a page of the station.

    Browsers say so by ``Sec-Fetch-Site``. Those of before 2023 send at least ``Origin`` with what another site's page
    asks for.

    Args:
        headers: of the request, by lower-case name.
        program: whether a program may ask, which sends neither.
    """
    if (fetched := headers.get("sec-fetch-site")) is not None:
        return fetched == "same-origin"
    if (origin := headers.get("origin")) is not None:
        return urlsplit(origin).netloc.lower() == headers.get("host", "").lower() != ""
    return program


def _limited(receive: Receive) -> Receive:
    """A body that ends with an error where it grows too large."""
    taken = 0

    async def next_message() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > MOST_FORM:
            raise ProblemError(413)
        return message

    return next_message


def _asks_with_token(headers: Headers) -> bool:
    return headers.get("authorization", "").lower().startswith("bearer ")


def _name(host: str) -> str:
    """The name in a ``Host`` header, without port and brackets."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _complete(headers: MutableHeaders, encrypted: bool) -> None:
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if encrypted:
        headers.setdefault("strict-transport-security", "max-age=31536000")
