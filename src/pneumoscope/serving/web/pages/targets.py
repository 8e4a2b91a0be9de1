"""Where results are sent: add, change, test, switch off; what waits and what was refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from pneumoscope.errors import DataError
from pneumoscope.serving.dicom.targets import TargetError, build_target
from pneumoscope.serving.settings import TargetSettings
from pneumoscope.serving.store.outbox import Target
from pneumoscope.serving.web.desk import Desk
from pneumoscope.serving.web.identity import Administrator, DeskOf
from pneumoscope.serving.web.problems import ProblemError
from pneumoscope.serving.web.rendering import render

router = APIRouter(prefix="/targets", include_in_schema=False)


@dataclass(frozen=True)
class Asked:
    """One field of a target's form.

    Attributes:
        name: in the configuration; a dot leads into a table.
        words: for people.
        kind: of the HTML input: text, number, url or password.
        usual: what stands there at first.
        needed: whether it has to be filled.
    """

    name: str
    words: str
    kind: str = "text"
    usual: str = ""
    needed: bool = True


_TLS = (
    Asked("tls.authorities", "TLS: file of the authorities that the target's certificate rests on (PEM)", needed=False),
    Asked("tls.certificate", "TLS: file of our certificate (PEM)", needed=False),
    Asked("tls.key", "TLS: file of our private key (PEM)", needed=False),
)

KINDS: dict[str, tuple[str, tuple[Asked, ...]]] = {
    "dicom": (
        "PACS by DICOM (C-STORE)",
        (
            Asked("host", "Host name or address"),
            Asked("port", "Port", "number", "104"),
            Asked("called", "AE title of the target"),
            Asked("calling", "AE title that we call ourselves", usual="PNEUMOSCOPE"),
            Asked("timeout", "Seconds to wait for an answer", "number", "30"),
            *_TLS,
        ),
    ),
    "stow": (
        "Archive by DICOMweb (STOW-RS)",
        (
            Asked("url", "Address of the service, without /studies", "url"),
            Asked("user", "User", needed=False),
            Asked("password", "Password", "password", needed=False),
            Asked("token", "Token, instead of user and password", "password", needed=False),
            Asked("timeout", "Seconds to wait for an answer", "number", "30"),
            *_TLS,
        ),
    ),
    "folder": ("Folder", (Asked("path", "Path of the folder"),)),
}
"""By kind: what it is called, and what is asked for; the keys are those of ``serving.dicom.targets``."""

SENDS = {"sr": "structured report", "sc": "secondary capture", "json": "JSON"}

_SENDS_OF = {"dicom": ("sr", "sc"), "stow": ("sr", "sc"), "folder": ("sr", "sc", "json")}
"""What a target of each kind can take."""


@router.get("")
def show(request: Request, desk: DeskOf, who: Administrator) -> Response:
    """All targets."""
    outbox = desk.station.outbox
    return render(
        desk, request, "targets.html.j2", targets=outbox.targets(), counts=outbox.counts(), kinds=KINDS, sends=SENDS
    )


@router.get("/new/{kind}")
def show_new(kind: str, request: Request, desk: DeskOf, who: Administrator) -> Response:
    """The form of a new target."""
    return _form(desk, request, kind, None)


@router.get("/{identity}")
def show_one(identity: str, request: Request, desk: DeskOf, who: Administrator) -> Response:
    """One target: its form, its queue and its dead letters."""
    target = _find(desk, identity)
    return _form(desk, request, target.kind, target)


def _form(desk: Desk, request: Request, kind: str, target: Target | None, said: str = "") -> Response:
    if kind not in KINDS:
        raise ProblemError(404, "There is no such kind of target.")
    words, asked = KINDS[kind]
    return render(
        desk,
        request,
        "target.html.j2",
        status=422 if said else 200,
        kind=kind,
        words=words,
        asked=asked,
        values=_flat(target.config) if target else {},
        target=target,
        sends={name: SENDS[name] for name in _SENDS_OF[kind]},
        letters=desk.station.outbox.letters(target.id) if target else [],
        counts=desk.station.outbox.counts().get(target.id, {}) if target else {},
        said=said,
    )


@router.post("/new/{kind}")
async def add(kind: str, request: Request, desk: DeskOf, who: Administrator) -> Response:
    """Add a target."""
    return await run_in_threadpool(_put, desk, request, kind, await request.form(), None, who.name)


@router.post("/{identity}")
async def change(identity: str, request: Request, desk: DeskOf, who: Administrator) -> Response:
    """Change a target; a password that is left empty stays."""
    form = await request.form()
    target = await run_in_threadpool(_find, desk, identity)
    return await run_in_threadpool(_put, desk, request, target.kind, form, target, who.name)


def _put(desk: Desk, request: Request, kind: str, form: FormData, target: Target | None, who: str) -> Response:
    name = target.name if target else str(form.get("name", "")).strip()
    taken = {known.name for known in desk.station.outbox.targets()}
    try:
        if not 0 < len(name) <= 64 or (target is None and name in taken):
            raise DataError("Give the target a name of at most 64 characters that no other target has.")
        config = _config(kind, form, target.config if target else {})
        build_target(kind, config)
        sends = tuple(name for name in _SENDS_OF[kind] if form.get(f"sends.{name}"))
        put = desk.station.outbox.add_target(TargetSettings(name, kind, sends, config))
    except DataError as error:
        return _form(desk, request, kind, target, str(error))
    desk.station.log.note_event(who, f"{'changed' if target else 'added'} the target {name}")
    desk.station.sender.wake()
    return RedirectResponse(f"/targets/{put.id}", 303)


def _config(kind: str, form: FormData, before: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration that a form says.

    Raises:
        DataError: there is no such kind, or a number is none.
    """
    if kind not in KINDS:
        raise DataError("There is no such kind of target.")
    config: dict[str, Any] = {}
    for asked in KINDS[kind][1]:
        text: str | None = str(form.get(asked.name, "")).strip()
        if not text and asked.kind == "password" and not form.get(f"{asked.name}.remove"):
            text = before.get(asked.name)
        if text:
            place, _, key = asked.name.rpartition(".")
            (config.setdefault(place, {}) if place else config)[key] = _value(asked, text)
    return config


def _value(asked: Asked, text: str) -> str | int | float:
    if asked.kind != "number":
        return text
    try:
        return int(text) if text.isdigit() else float(text)
    except ValueError:
        raise DataError(f"{asked.words}: give a number.") from None


def _flat(config: Mapping[str, Any]) -> dict[str, str]:
    """The values of a configuration for its form; passwords stay here."""
    flat = {name: value for name, value in config.items() if not isinstance(value, dict)}
    flat |= {f"{place}.{name}": value for place in config if isinstance(config[place], dict) for name, value in
             config[place].items()}  # fmt: skip
    return {name: str(value) for name, value in flat.items() if name not in ("password", "token")}


@router.post("/{identity}/test")
def test(identity: str, desk: DeskOf, who: Administrator) -> Response:
    """Try whether the target can be reached, and let what waits go."""
    target = _find(desk, identity)
    try:
        said = build_target(target.kind, target.config).test()
    except (TargetError, DataError) as error:
        said = str(error)
    desk.station.outbox.note_test(target.id, said)
    desk.station.sender.wake()
    return RedirectResponse(f"/targets/{target.id}#said", 303)


@router.post("/{identity}/switch")
def switch(identity: str, desk: DeskOf, who: Administrator) -> Response:
    """Switch a target off, or on again."""
    target = _find(desk, identity)
    desk.station.outbox.enable(target.id, not target.enabled)
    desk.station.log.note_event(who.name, f"switched the target {target.name} {'off' if target.enabled else 'on'}")
    desk.station.sender.wake()
    return RedirectResponse(f"/targets/{target.id}", 303)


@router.post("/{identity}/remove")
def remove(identity: str, desk: DeskOf, who: Administrator) -> Response:
    """Forget a target and what waits for it."""
    target = _find(desk, identity)
    desk.station.outbox.remove_target(target.id)
    desk.station.log.note_event(who.name, f"removed the target {target.name}")
    return RedirectResponse("/targets", 303)


@router.post("/{identity}/letters/{letter}")
def send_again(identity: str, letter: str, desk: DeskOf, who: Administrator) -> Response:
    """Send again what was set aside; "all" for all of it."""
    target = _find(desk, identity)
    for dead in desk.station.outbox.letters(target.id):
        if letter in ("all", dead.id):
            desk.station.outbox.send_again(dead.id)
    desk.station.log.note_event(who.name, f"had results sent again to the target {target.name}")
    desk.station.sender.wake()
    return RedirectResponse(f"/targets/{target.id}", 303)


def _find(desk: Desk, identity: str) -> Target:
    if target := desk.station.outbox.target(identity):
        return target
    raise ProblemError(404, "There is no such target; it may have been removed.")
