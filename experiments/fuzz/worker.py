"""A process that screens mutants: what it is sent may take its time, its memory or its life, and nobody else's."""

import multiprocessing
import re
import resource
import time
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import msgspec

from experiments.fuzz.mutants import Mutant
from pneumoscope.screening.screener import Screener

MOST_SECONDS, MOST_MB = 5.0, 1024.0
"""What one file may cost: seconds of processor time, and MiB of memory beyond what the process held before."""

PATIENCE = 120
"""Wall-clock seconds after which a worker is given up, on a machine that does other things too."""

HEADROOM = 8 * 2**30
"""Bytes of address space a worker may take, so that a fault does not take the machine's."""


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one mutant.

    Attributes:
        number: of the mutant.
        kind: of file.
        damage: what was done to it.
        outcome: a coded reason; "judged"; or a fault: the name of an exception, "no end" or "process died".
        intact: probability of the film before the damage.
        probability: after it, where it was judged.
        seconds: of processor time.
        mb: MiB of memory at most, beyond what the process held before.
    """

    number: int
    kind: str
    damage: str
    outcome: str
    intact: float = 0.0
    probability: float | None = None
    seconds: float = 0.0
    mb: float = 0.0

    @property
    def moved(self) -> float:
        """By how much the probability differs from the intact film's; 0 where none was given."""
        return 0.0 if self.probability is None else abs(self.probability - self.intact)


def screened(numbers: Iterable[int], films: tuple[Path, ...], bundle: Path) -> Iterator[Row]:
    """Screen mutants one after the other, in a process that is started again where one of them ends it."""
    process: Any = None
    try:
        for number in numbers:
            if process is None or not process.is_alive():
                ours, theirs = multiprocessing.Pipe()
                process = multiprocessing.get_context("spawn").Process(target=_work, args=(theirs, films, bundle))
                process.start()
                theirs.close()
            yield _asked(ours, number, len(films), process)
    finally:
        if process is not None:
            process.kill()
            process.join()


def _asked(connection: Connection, number: int, films: int, process: Any) -> Row:
    mutant = Mutant.of(number, films)
    fault = "process died"
    try:
        connection.send(number)
        if connection.poll(PATIENCE):
            row: Row = connection.recv()
            return row
        fault = "no end"
    except (EOFError, OSError):
        pass
    process.kill()
    process.join()
    return Row(number, mutant.kind, mutant.damage, fault)


def _work(connection: Connection, films: tuple[Path, ...], bundle: Path) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (HEADROOM, HEADROOM))
    intact: dict[tuple[Any, ...], float] = {}
    with Screener(bundle, workers=1, runtime="onnxruntime") as screener:
        while True:
            try:
                number = connection.recv()
            except EOFError:
                return
            connection.send(_screen(screener, Mutant.of(number, len(films)), films, intact))


def _screen(screener: Screener, mutant: Mutant, films: tuple[Path, ...], intact: dict[tuple[Any, ...], float]) -> Row:
    key = (mutant.film, mutant.kind, mutant.side)
    if key not in intact:
        whole = screener.screen(mutant.intact(films))
        if whole.probability is None:
            raise RuntimeError(f"an intact file is refused: {mutant.kind}, {films[mutant.film].name}: {whole.detail}")
        intact[key] = whole.probability
    content = mutant.damaged(films)
    outcome, probability = "judged", None
    before, started = _resident(reset=True), time.process_time()
    try:
        result = screener.screen(content)
        outcome, probability = str(result.reason or outcome), result.probability
        if result.reason == "unreadable" and "decoded (" in (result.detail or ""):
            outcome = (result.detail or "").partition("decoded (")[2].partition(")")[0]  # an exception got through
    except Exception as problem:
        outcome = type(problem).__name__
    seconds = time.process_time() - started
    grown = max(_resident() - before, 0.0)
    return Row(
        mutant.number, mutant.kind, mutant.damage, outcome, intact[key], probability, round(seconds, 3), round(grown, 1)
    )


def _resident(reset: bool = False) -> float:
    """MiB of memory: at most since the last reset; now, with a reset. 0 where the system does not tell."""
    try:
        if reset:
            Path("/proc/self/clear_refs").write_text("5")
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0.0
    found = re.search(r"VmHWM:\s+(\d+)", status)
    return int(found[1]) / 1024 if found else 0.0
