"""How the application answers what went wrong: a program by a problem, a person by a page."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from pneumoscope.errors import DataError
from pneumoscope.serving.faults import describe_fault
from pneumoscope.serving.spool import SpoolFullError
from pneumoscope.serving.store.people import Person
from pneumoscope.serving.web.identity import identify
from pneumoscope.serving.web.problems import ProblemError, as_problem, problem_json, wants_json
from pneumoscope.serving.web.rendering import desk_of, render

_log = logging.getLogger("pneumoscope.station")


def add_handlers(app: FastAPI) -> None:
    """Let an application answer every failure with a problem or a page."""
    for kind in (ProblemError, SpoolFullError, DataError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, _handle)


async def _handle(request: Request, error: Exception) -> Response:
    problem = as_problem(error)
    if problem.status == 500:
        _log.error("A request failed: %s.", describe_fault(error))
    if wants_json(request):
        return problem_json(problem)
    if problem.status == 401 and problem.code == "not_signed_in":
        return _to_login(request)
    desk = desk_of(request)
    if not hasattr(request.state, "person"):
        request.state.person = await run_in_threadpool(_person, request)
    return render(desk, request, "problem.html.j2", status=problem.status, headers=problem.headers, problem=problem)


def _person(request: Request) -> Person | None:
    """Who looks at the page of a problem; None where nobody is known."""
    try:
        return identify(request)
    except ProblemError:
        return None


def _to_login(request: Request) -> Response:
    """Send a person to where they sign in, and back afterwards; only a page that can be asked for again is kept."""
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": "/login"})
    back = request.url.path if request.method == "GET" else "/"
    return RedirectResponse(f"/login?next={back}", 303)
