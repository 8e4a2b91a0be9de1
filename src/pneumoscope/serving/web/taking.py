"""From a request to films that are taken."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from pneumoscope.errors import DataError
from pneumoscope.serving.spool import SpoolFullError
from pneumoscope.serving.store.films import Film, FilmState, Origin
from pneumoscope.serving.store.people import Person
from pneumoscope.serving.web.bodies import read_parts
from pneumoscope.serving.web.desk import Desk
from pneumoscope.serving.web.problems import ProblemError, as_problem

BATCH = "batch"
"""The field of a form that holds what the films came with."""


@dataclass(frozen=True)
class Taken:
    """What became of one file.

    Attributes:
        name: of the file.
        film: the film; None where it was not taken.
        new: whether it was not there before.
        problem: why it was not taken.
    """

    name: str
    film: Film | None = None
    new: bool = False
    problem: ProblemError | None = None


async def take(
    desk: Desk, content: bytes, origin: Origin, who: Person, *, name: str = "", batch: str = ""
) -> tuple[Film, bool]:
    """Take a film; see ``Intake.accept``."""
    accept = desk.station.intake.accept
    return await run_in_threadpool(accept, content, origin, name=name, caller=who.name, batch=batch)


async def take_form(desk: Desk, request: Request, origin: Origin, who: Person) -> list[Taken]:
    """Take all files of a form. Files that came before one that cannot be taken are kept.

    Raises:
        ProblemError: the form cannot be read, or holds no file.
    """
    batch, taken = "", list[Taken]()
    async for part in read_parts(request):
        if part.field == BATCH and not part.file:
            batch = bytes(part.content[:64]).decode("ascii", "ignore")
            continue
        if not part.file and not part.content:
            continue  # a form without a chosen file
        try:
            film, new = await take(desk, bytes(part.content), origin, who, name=part.file, batch=batch)
            taken.append(Taken(part.file, film, new))
        except (DataError, SpoolFullError) as error:
            taken.append(Taken(part.file, problem=as_problem(error)))
    if not taken:
        raise ProblemError(422, "The request holds no file.", "no_file")
    return taken


async def wait_for(desk: Desk, films: Iterable[Film], seconds: float) -> None:
    """Wait until films are judged, at most for some seconds."""
    until, pause = time.monotonic() + seconds, 0.02
    waiting = [film.id for film in films]
    while waiting and time.monotonic() < until:
        await asyncio.sleep(pause)
        pause = min(0.25, pause * 1.5)
        waiting = await run_in_threadpool(_unfinished, desk, waiting)


def _unfinished(desk: Desk, identities: list[str]) -> list[str]:
    films = map(desk.station.films.get, identities)
    return [film.id for film in films if film and film.state in (FilmState.WAITING, FilmState.WORKING)]
