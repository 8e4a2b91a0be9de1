"""What to type into a modality, and how the station is."""

import shutil
import socket
from dataclasses import fields
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from pneumoscope.serving.web.desk import Desk
from pneumoscope.serving.web.identity import DeskOf, Reader
from pneumoscope.serving.web.rendering import render

router = APIRouter(include_in_schema=False)


@router.get("/connect")
def show_connect(request: Request, desk: DeskOf, who: Reader) -> Response:
    """What to type into the modality or the PACS, and who called."""
    node = desk.station.node
    return render(
        desk,
        request,
        "connect.html.j2",
        dicom=desk.station.settings.dicom,
        port=node.port if node and node.alive else None,
        addresses=addresses(),
        calls=desk.station.log.calls(),
        watched=desk.station.settings.watch is not None,
        base=str(request.base_url).rstrip("/"),
    )


@router.get("/status")
def show_status(request: Request, desk: DeskOf, who: Reader) -> Response:
    """Health, disk, versions and what was changed."""
    station, disk = desk.station, shutil.disk_usage(desk.station.spool.folder)
    parts = station.health()
    return render(
        desk,
        request,
        "status.html.j2",
        parts=parts,
        well=all(part.well for part in parts),
        disk=disk,
        counts=station.films.counts(),
        results=station.results.counts(),
        card=station.screener.card,
        started=desk.started,
        events=station.log.events(50),
        heads=station.journals.heads(),
        kept=_retention(desk),
    )


def addresses() -> list[str]:
    """The addresses of this machine that others may know. Nothing is asked of the network."""
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(socket.gethostname(), None)}
    except OSError:
        found = set()
    return sorted(found) or ["127.0.0.1"]


def _retention(desk: Desk) -> list[tuple[str, str]]:
    kept: Any = desk.station.settings.retention
    days = {field.name: getattr(kept, field.name) for field in fields(kept)}
    return [(name, f"{value:g} days" if value else "for ever") for name, value in days.items()]
