"""What a client is told when something cannot be done: problem details (RFC 9457), or a page with a sentence."""

import logging
import traceback
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from pneumoscope.errors import DataError
from pneumoscope.serving.spool import SpoolFullError

API = "/api/"

_log = logging.getLogger("pneumoscope.station")

_SAID = {
    400: ("bad_request", "The request cannot be understood."),
    401: ("not_signed_in", "Sign in first, or send a token: Authorization: Bearer TOKEN."),
    403: ("not_allowed", "Your account or token may not do this; ask an administrator."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take this method."),
    408: ("too_slow", "The rest of the request did not come in time; send it again."),
    413: ("too_large", "The request is larger than is taken."),
    415: ("unsupported_type", "This content type is not taken."),
    421: ("wrong_host", "The station is not known by this name; use http://localhost or http://127.0.0.1."),
    422: ("unusable", "A value of the request will not do."),
    429: ("too_many_tries", "There were too many wrong tries; wait a while."),
    500: ("failed", "The station could not do this. Its log says where; the film, if there was one, is not lost."),
    503: ("busy", "The station is busy; try again in a moment."),
    507: ("full", "The disk of the station is nearly full: no film is taken until there is room again."),
}
"""By status: the code, which never changes its meaning, and what is said where nothing better is known."""


class ProblemError(Exception):
    """Something that cannot be done, with what the client is told.

    Attributes:
        status: of HTTP.
        code: for programs.
        detail: one sentence, without patient data.
        headers: of the answer.
    """

    def __init__(
        self, status: int, detail: str | None = None, code: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        """Take the status; code and sentence are those of the status where none are given."""
        usual = _SAID.get(status, _SAID[400])
        self.status, self.code, self.detail = status, code or usual[0], detail or usual[1]
        self.headers = headers or {}
        super().__init__(self.detail)

    def to_dict(self) -> dict[str, Any]:
        """The problem as RFC 9457 has it, with a ``code``."""
        title = self.code.replace("_", " ").capitalize()
        return {
            "type": "about:blank",
            "title": title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }


def problem_json(problem: ProblemError) -> JSONResponse:
    """The answer for a program."""
    return JSONResponse(
        problem.to_dict(), problem.status, headers=problem.headers, media_type="application/problem+json"
    )


def wants_json(request: Request) -> bool:
    """Whether a program asks, and not a person."""
    path = request.url.path
    return path.startswith(API) or path == "/metrics" or "application/json" in request.headers.get("accept", "")


def as_problem(error: Exception) -> ProblemError:
    """What a client is told of an exception; never its text, but that of errors which were written for people."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, SpoolFullError):
        return ProblemError(507)
    if isinstance(error, DataError):
        return ProblemError(422, str(error))
    if isinstance(error, RequestValidationError):
        names = sorted({str(part["loc"][-1]) for part in error.errors() if part.get("loc")})
        return ProblemError(422, f"These values will not do: {', '.join(names)}." if names else None)
    if isinstance(error, HTTPException):
        return ProblemError(error.status_code, headers=dict(error.headers or {}))
    return ProblemError(500)


def note(error: Exception) -> None:
    """Write down where an unforeseen error came from. Its text may hold patient data, so it is left out."""
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    _log.error("A request ended in %s at %s", type(error).__name__, " < ".join(reversed(places[-6:])))
