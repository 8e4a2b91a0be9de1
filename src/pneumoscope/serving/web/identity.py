"""Who asks, and whether they may."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request

from pneumoscope.serving.store.people import Person, Role
from pneumoscope.serving.web.desk import Desk
from pneumoscope.serving.web.problems import ProblemError
from pneumoscope.serving.web.rendering import DeskOf, desk_of

NOBODY = Person("this machine", Role.ADMINISTRATOR)
"""Whoever reaches a station on a loopback address that has no accounts."""


def identify(request: Request) -> Person | None:
    """Who asks; None where nobody is known.

    Raises:
        ProblemError: a token that is none, or too many of those.
    """
    desk = desk_of(request)
    if token := _token(request):
        return _of_token(desk, request, token)
    if (cookie := request.cookies.get(desk.cookie)) and (person := desk.people.of_session(cookie)):
        return person
    return NOBODY if desk.open else None


def _token(request: Request) -> str | None:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def _of_token(desk: Desk, request: Request, token: str) -> Person:
    key = f"token {address_of(request)}"
    check_pause(desk, key)
    if person := desk.people.of_token(token):
        return person
    desk.throttle.failed(key)
    raise ProblemError(401, "This token is not known, or was withdrawn.", "wrong_token", {"WWW-Authenticate": "Bearer"})


def check_pause(desk: Desk, *keys: str) -> None:
    """Refuse whoever guessed wrong too often.

    Raises:
        ProblemError: with the seconds to wait.
    """
    if (pause := desk.throttle.pause(*keys)) > 0:
        raise ProblemError(429, headers={"Retry-After": str(int(pause) + 1)})


def address_of(request: Request) -> str:
    """The address that a request comes from."""
    return request.client.host if request.client else ""


def _needs(role: Role) -> Callable[[Request], Person]:
    def check(request: Request) -> Person:
        person = identify(request)
        if person is None:
            raise ProblemError(401, headers={"WWW-Authenticate": "Bearer"})
        if not person.role.reaches(role):
            raise ProblemError(403, f"This needs the role {role}, and yours is {person.role}.")
        request.state.person = person
        return person

    return check


Reader = Annotated[Person, Depends(_needs(Role.READER))]
Physicist = Annotated[Person, Depends(_needs(Role.PHYSICIST))]
Administrator = Annotated[Person, Depends(_needs(Role.ADMINISTRATOR))]

__all__ = [
    "NOBODY",
    "Administrator",
    "DeskOf",
    "Physicist",
    "Reader",
    "address_of",
    "check_pause",
    "identify",
]
