"""Sign in and out; accounts and tokens."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from pneumoscope.errors import DataError
from pneumoscope.serving.store.people import SESSION, SHORTEST, Role
from pneumoscope.serving.web.desk import Desk
from pneumoscope.serving.web.identity import Administrator, DeskOf, Reader, address_of, check_pause
from pneumoscope.serving.web.rendering import render

router = APIRouter(include_in_schema=False)


@router.get("/login")
def show_login(request: Request, desk: DeskOf, next: str = "/") -> Response:  # noqa: A002  what the address calls it
    """The page to sign in."""
    return render(desk, request, "login.html.j2", back=_inside(next), said="")


@router.post("/login")
def sign_in(
    request: Request,
    desk: DeskOf,
    name: Annotated[str, Form(max_length=200)],
    password: Annotated[str, Form(max_length=1000)],
    back: Annotated[str, Form()] = "/",
) -> Response:
    """Begin a session."""
    keys = (f"address {address_of(request)}", f"account {address_of(request)} {name}")
    check_pause(desk, *keys)
    person = desk.people.check_password(name, password)
    if person is None:
        desk.throttle.failed(*keys)
        said = "This name and password do not go together."
        return render(desk, request, "login.html.j2", status=401, back=_inside(back), said=said)
    desk.throttle.passed(*keys)
    answer = RedirectResponse(_inside(back), 303)
    cookie, secure = desk.people.open_session(person), desk.encrypted
    answer.set_cookie(desk.cookie, cookie, int(SESSION), path="/", secure=secure, httponly=True, samesite="strict")
    return answer


@router.post("/logout")
def sign_out(request: Request, desk: DeskOf) -> Response:
    """End a session."""
    if cookie := request.cookies.get(desk.cookie):
        desk.people.end_session(cookie)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(desk.cookie, path="/", secure=desk.encrypted, httponly=True, samesite="strict")
    return answer


def _inside(place: str) -> str:
    """Where to go afterwards: a page of the station, whatever the address says."""
    parts = urlsplit(place)
    inside = place.startswith("/") and not place.startswith(("//", "/\\")) and not parts.netloc and place.isprintable()
    return place if inside else "/"


@router.get("/people")
def show_people(request: Request, desk: DeskOf, who: Administrator) -> Response:
    """Accounts and tokens."""
    return _page(desk, request)


def _page(desk: Desk, request: Request, said: str = "", token: str = "") -> Response:
    return render(
        desk,
        request,
        "people.html.j2",
        status=422 if said else 200,
        accounts=desk.people.accounts(),
        tokens=desk.people.tokens(),
        roles=list(Role),
        said=said,
        token=token,
        shortest=SHORTEST,
    )


@router.post("/people/accounts")
def put_account(
    request: Request,
    desk: DeskOf,
    who: Administrator,
    name: Annotated[str, Form()],
    role: Annotated[Role, Form()],
    password: Annotated[str, Form()],
) -> Response:
    """Make an account, or change one. The first one has to be an administrator, and from then on everybody signs in."""
    try:
        desk.people.put_account(name.strip(), role, password)
    except DataError as error:
        return _page(desk, request, str(error))
    desk.station.log.note_event(who.name, f"set the account {name.strip()} as {role}")
    return RedirectResponse("/people", 303)


@router.post("/people/accounts/remove")
def remove_account(request: Request, desk: DeskOf, who: Administrator, name: Annotated[str, Form()]) -> Response:
    """Forget an account."""
    try:
        desk.people.remove_account(name)
    except DataError as error:
        return _page(desk, request, str(error))
    desk.station.log.note_event(who.name, f"removed the account {name}")
    return RedirectResponse("/people", 303)


@router.post("/people/tokens")
def add_token(
    request: Request, desk: DeskOf, who: Administrator, name: Annotated[str, Form()], role: Annotated[Role, Form()]
) -> Response:
    """Make a token; the answer is the only time that it is shown."""
    try:
        token = desk.people.add_token(name.strip(), role)
    except DataError as error:
        return _page(desk, request, str(error))
    desk.station.log.note_event(who.name, f"made the token {name.strip()} as {role}")
    return _page(desk, request, token=token)


@router.post("/people/tokens/remove")
def remove_token(desk: DeskOf, who: Administrator, name: Annotated[str, Form()]) -> Response:
    """Withdraw a token."""
    desk.people.remove_token(name)
    desk.station.log.note_event(who.name, f"withdrew the token {name}")
    return RedirectResponse("/people", 303)


@router.post("/people/password")
def change_password(
    request: Request,
    desk: DeskOf,
    who: Reader,
    old: Annotated[str, Form(max_length=1000)],
    new: Annotated[str, Form(max_length=1000)],
) -> Response:
    """Give oneself another password; all sessions of the account end."""
    check_pause(desk, f"account {who.name}")
    if desk.people.check_password(who.name, old) is None:
        desk.throttle.failed(f"account {who.name}")
        raise DataError("The old password is not right.")
    desk.people.put_account(who.name, who.role, new)
    return RedirectResponse("/login", 303)
