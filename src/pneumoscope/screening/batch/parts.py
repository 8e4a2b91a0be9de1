"""One worker of a large screening: whole parts of the list in, files of results out. Knows no Ray."""

import os
from collections.abc import Iterator
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pneumoscope.compute.pool import WorkerPool
from pneumoscope.decision.rule import CUSTOM
from pneumoscope.errors import BundleError, DataError, PneumoscopeError
from pneumoscope.escaping import well_formed
from pneumoscope.imaging import NotAssessedError, Refusal
from pneumoscope.screening.batch.job import Job, JobStore
from pneumoscope.screening.output.summary import Counts
from pneumoscope.screening.screener import Screener
from pneumoscope.screening.sources.listing import is_uri
from pneumoscope.screening.sources.remote import fetch

READERS = 2
"""Films fetched at once by one worker, so that a distant store does not keep its processor waiting."""


class PartScreener:
    """Screens whole parts, one film at a time. Made once in every worker."""

    def __init__(self, folder: JobStore, job: Job, bundle: Path | None, site: Path | None, origin: Path) -> None:
        """Prepare. The model is loaded with the first part, so that its faults are told as the part's.

        Args:
            folder: of the job.
            job: what to screen, with what.
            bundle: the bundle file; None for the one inside the package.
            site: the site profile; None for none.
            origin: the folder that the films' relative paths are relative to.
        """
        self._folder, self._job, self._bundle, self._site, self._origin = folder, job, bundle, site, origin

    @cached_property
    def _screener(self) -> Screener:
        screener = Screener(
            self._bundle, workers=1, runtime=self._job.runtime, site=self._site, prevalence=self._job.prevalence
        )
        if screener.model.sha256 != self._job.model_sha256:
            raise BundleError("A worker has another model bundle than the one that this screening began with.")
        if (screener.site.sha256 if screener.site else None) != self._job.site_profile_sha256:
            raise DataError("A worker has another site profile than the one that this screening began with.")
        return screener

    @cached_property
    def _films(self) -> pq.ParquetFile:
        return self._folder.films()

    def __call__(self, batch: dict[str, NDArray[Any]]) -> dict[str, list[Any]]:
        """Screen one part, as ``ray.data`` calls it; one that is there already is only counted.

        Args:
            batch: the number of the part, in "part".

        Returns:
            The fields of its ``Counts``, and in "problem" what went wrong; empty when nothing did.
        """
        [part] = map(int, batch["part"])
        try:
            counts, problem = self._folder.counts(part, self._job) or self._screen(part), ""
        except (PneumoscopeError, OSError, pa.ArrowException) as fault:
            counts, problem = Counts(), str(fault)
        return {name: [value] for name, value in (asdict(counts) | {"problem": problem}).items()}

    def _screen(self, part: int) -> Counts:
        rows = self._films.read_row_group(part).to_pylist()
        names = [os.fsdecode(row["path"]) for row in rows]
        records = [
            record | {"source": well_formed(name), "listed": row["listed"]}
            for name, row, record in zip(names, rows, self._records(names), strict=True)
        ]
        self._folder.write(part, records)
        return Counts.of(records)

    def _records(self, names: list[str]) -> Iterator[dict[str, Any]]:
        """Screen by name; what cannot be fetched is a result like any other."""
        job = self._job
        asked = job.threshold if job.operating_point == CUSTOM else job.operating_point
        with WorkerPool(READERS) as readers:
            for result in self._screener.screen_many(readers.map(self._source, names), asked):
                yield result.to_dict()

    def _source(self, name: str) -> Path | bytes | Refusal:
        if not is_uri(name):
            return self._origin / name
        try:
            return fetch(name)
        except NotAssessedError as refused:
            return refused.refusal
