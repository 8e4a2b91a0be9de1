"""A station in a process of its own that is killed with SIGKILL right after a step, or runs on.

python killed_station.py STATE TARGET_PORT POINT

It prints the port of its DICOM node. POINT is one of POINTS, or "none".
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pneumoscope.screening.screener import Screener
from pneumoscope.serving.dicom.node import DicomSettings
from pneumoscope.serving.dicom.targets.dicom_target import DicomTarget
from pneumoscope.serving.settings import Settings, TargetSettings
from pneumoscope.serving.spool import Spool
from pneumoscope.serving.station import Station
from pneumoscope.serving.store.films import Films
from pneumoscope.serving.store.results import Results

STEPS: dict[str, tuple[type, str]] = {
    "spooled": (Spool, "add"),
    "row written": (Films, "add"),
    "leased": (Films, "lease"),
    "inferred": (Screener, "screen"),
    "result written": (Results, "finish"),
    "sent": (DicomTarget, "send"),
}
ACKNOWLEDGED = "acknowledged"
"""The test kills the process itself, when it has its answer; until then no film is leased."""

POINTS = (*STEPS, ACKNOWLEDGED)


def die_after(step: Callable[..., Any], even_for_none: bool) -> Callable[..., Any]:
    def then_die(*arguments: Any, **named: Any) -> Any:
        value = step(*arguments, **named)
        if even_for_none or value is not None:
            os.kill(os.getpid(), signal.SIGKILL)
        return value

    return then_die


def main(state: str, port: str, point: str) -> None:
    if point in STEPS:
        owner, name = STEPS[point]
        setattr(owner, name, die_after(getattr(owner, name), point == "sent"))
    if point == ACKNOWLEDGED:
        Films.lease = lambda *_: None  # type: ignore[method-assign]
    config = {"host": "127.0.0.1", "port": int(port), "called": "PACS"}
    settings = Settings(
        Path(state),
        workers=1,
        dicom=DicomSettings(port=0, any_caller=True),
        targets=(TargetSettings("PACS", "dicom", ("sr", "sc"), config),),
    )
    with Station(settings) as station:
        assert station.node
        sys.stdout.write(f"{station.node.port}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
