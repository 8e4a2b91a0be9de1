"""How the station is: health for a load balancer, metrics for Prometheus, and the schema of results."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from pneumoscope.serving.web.desk import Desk
from pneumoscope.serving.web.identity import DeskOf, Reader

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

router = APIRouter(tags=["station"])


@router.get("/health", summary="Whether every part does its work")
def get_health(desk: DeskOf) -> JSONResponse:
    """200 when all parts do, 503 otherwise. Anybody may ask: there is no patient data in it."""
    parts = desk.station.health()
    well = all(part.well for part in parts)
    shown = [{"name": part.name, "well": part.well, "said": part.said, "last": part.last} for part in parts]
    return JSONResponse({"well": well, "parts": shown}, 200 if well else 503)


@router.get("/metrics", summary="Numbers for Prometheus")
def get_metrics(desk: DeskOf, who: Reader) -> Response:
    """Counts, without patient data. It takes a token where the station has accounts."""
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

    return Response(generate_latest(_registry(desk)), media_type=CONTENT_TYPE_LATEST)


@router.get("/api/v1/schema", summary="The JSON Schema of a result")
def get_schema(who: Reader) -> dict[str, Any]:
    """What ``pneumoscope info --schema`` prints."""
    from pneumoscope.screening.record import json_schema

    return json_schema()


class _Numbers:
    """What Prometheus collects."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def collect(self) -> "Iterator[Metric]":
        from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily

        station = self._desk.station
        films = GaugeMetricFamily("pneumoscope_films", "Films by state.", labels=["state"])
        for state, count in station.films.counts().items():
            films.add_metric([state], count)
        yield films
        results = GaugeMetricFamily("pneumoscope_results", "Newest results by finding.", labels=["finding"])
        for finding, count in station.results.counts().items():
            results.add_metric([finding], count)
        yield results
        yield self._letters()
        parts = GaugeMetricFamily("pneumoscope_part_well", "1 where a part does its work.", labels=["part"])
        for part in station.health():
            parts.add_metric([part.name], float(part.well))
        yield parts
        room = max(0, station.spool.room())
        yield GaugeMetricFamily("pneumoscope_spool_room_bytes", "Bytes of films that may still be taken.", room)
        yield GaugeMetricFamily("pneumoscope_start_time_seconds", "When the station started.", self._desk.started)
        model = station.screener.model
        told = {"version": model.version, "sha256": model.sha256}
        yield InfoMetricFamily("pneumoscope_model", "The bundle that judges.", told)

    def _letters(self) -> "Metric":
        from prometheus_client.metrics_core import GaugeMetricFamily

        letters = GaugeMetricFamily("pneumoscope_outbox", "Results for targets, by state.", labels=["target", "state"])
        names = {target.id: target.name for target in self._desk.station.outbox.targets()}
        for target, states in self._desk.station.outbox.counts().items():
            for state, count in states.items():
                letters.add_metric([names.get(target, ""), state], count)
        return letters


def _registry(desk: Desk) -> "CollectorRegistry":
    from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector

    known = CollectorRegistry()
    known.register(_Numbers(desk))
    ProcessCollector(registry=known)
    PlatformCollector(registry=known)
    return known
