"""A screening cut into parts, and the folder where it and its results lie.

OUT/job.json                     what is screened with what; the same job goes on, another one is refused
OUT/films.parquet                the films' names, and what lists said of them; row group N is part N
OUT/results/part-NNNNNN.parquet  the results of part N, one row per film, in the order of the list
"""

import hashlib
import itertools
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.fs import FileSelector, FileSystem

from pneumoscope.errors import DataError
from pneumoscope.screening.output.summary import Counts
from pneumoscope.screening.record import FIELDS
from pneumoscope.screening.sources.listing import ListedFilm, is_uri
from pneumoscope.screening.sources.remote import locate

_TYPES = {
    "schema_version": pa.int64(),
    **dict.fromkeys(("score", "probability", "threshold", "rule_out", "viral_probability", "prevalence"), pa.float64()),
    "remarks": pa.list_(pa.string()),
    "listed": pa.map_(pa.string(), pa.string()),
}
SCHEMA = pa.schema([(name, _TYPES.get(name, pa.string())) for name in FIELDS])
"""Of a file of results: the keys and values of a JSON line."""

_STORES = {"s3", "gcs", "abfs"}
"""Filesystems on which a file appears whole or not at all; on the others it is renamed when it is whole."""


@dataclass(frozen=True)
class Job:
    """What is screened with what. Two jobs that are equal give the same results.

    Attributes:
        films: how many.
        films_sha256: of their names, in order.
        part_size: films in a part.
        model_sha256: of the bundle.
        operating_point: its name.
        threshold: on the probability, 0..1.
        runtime: what was asked for, one of ``runtime.opening.RUNTIMES``.
        site_profile_sha256: of the site profile; None without one.
        prevalence: for which probabilities are given; None for that of the calibration.
    """

    films: int
    films_sha256: str
    part_size: int
    model_sha256: str
    operating_point: str
    threshold: float
    runtime: str
    site_profile_sha256: str | None = None
    prevalence: float | None = None

    @property
    def parts(self) -> int:
        """How many parts there are."""
        return -(-self.films // self.part_size)

    def count_films(self, part: int) -> int:
        """How many films a part has; the last one may have fewer."""
        return min(self.part_size, self.films - part * self.part_size)


@dataclass(frozen=True)
class JobStore:
    """Where a job and its results lie.

    Attributes:
        name: an absolute path or a URI, which every worker must reach.
    """

    name: str

    @cached_property
    def _place(self) -> tuple[FileSystem, str]:
        files, base = locate(self.name if is_uri(self.name) else Path(self.name).as_uri())
        return files, base.rstrip("/")

    def begin(self, job: Job, films: Sequence[ListedFilm]) -> None:
        """Write the job and its list of films, or find that this very job was begun here before.

        Raises:
            DataError: the folder holds another job or anything else, or cannot be written.
        """
        try:
            earlier = self._earlier() or asdict(job)
            changed = [key for key, value in asdict(job).items() if earlier.get(key) != value]
            if changed:
                raise DataError(
                    f"{self.name} holds a screening with another {', '.join(changed)}. Choose another folder; "
                    "or give the same films and options to go on with that one."
                )
            names = pa.array([os.fsencode(film.name) for film in films], pa.binary())
            listed = pa.array([list(film.listed.items()) for film in films], SCHEMA.field("listed").type)
            self._write("films.parquet", _parquet(pa.table({"path": names, "listed": listed}), job.part_size))
            self._write("job.json", json.dumps(asdict(job), indent=2).encode() + b"\n")
        except OSError as problem:
            raise DataError(f"{self.name}: cannot be used ({problem}).") from problem

    def films(self) -> pq.ParquetFile:
        """Open the list of films; row group N is part N."""
        files, base = self._place
        return pq.ParquetFile(files.open_input_file(f"{base}/films.parquet"))

    def write(self, part: int, records: Sequence[dict[str, Any]]) -> None:
        """Write the results of a part in one step: a kill at any moment leaves the whole file or none."""
        self._write(_part(part), _parquet(pa.Table.from_pylist(records, SCHEMA), len(records)))

    def finished(self, job: Job) -> dict[int, Counts]:
        """Count what is done already, by part.

        Raises:
            DataError: the folder cannot be read.
        """
        files, base = self._place
        try:
            there = {info.path for info in files.get_file_info(FileSelector(f"{base}/results", allow_not_found=True))}
        except OSError as problem:
            raise DataError(f"{self.name}: cannot be used ({problem}).") from problem
        return {
            part: counts
            for part in range(job.parts)
            if f"{base}/{_part(part)}" in there and (counts := self.counts(part, job)) is not None
        }

    def counts(self, part: int, job: Job) -> Counts | None:
        """Count the results of a part; None while they are not there, or not whole."""
        files, base = self._place
        try:
            rows = pq.read_table(f"{base}/{_part(part)}", filesystem=files, columns=["status", "finding"])
        except (OSError, pa.ArrowException):
            return None
        return Counts.of(rows.to_pylist()) if rows.num_rows == job.count_films(part) else None

    def _earlier(self) -> dict[str, Any] | None:
        files, base = self._place
        there = {info.base_name for info in files.get_file_info(FileSelector(base, allow_not_found=True))}
        if "job.json" not in there:
            if there - {"films.parquet"}:
                raise DataError(f"{self.name}: not empty, and no screening was begun here; choose another folder.")
            return None
        with files.open_input_stream(f"{base}/job.json") as stream:
            try:
                earlier: dict[str, Any] = json.loads(stream.read())
            except ValueError as problem:
                raise DataError(f"{self.name}: job.json is damaged; choose another folder.") from problem
        return earlier

    def _write(self, name: str, content: bytes) -> None:
        files, base = self._place
        path = f"{base}/{name}"
        if files.type_name in _STORES:
            with files.open_output_stream(path) as stream:
                stream.write(content)
            return
        folder, _, last = path.rpartition("/")
        partial = f"{folder}/.{last}.{uuid4().hex}"  # readers of a folder of Parquet files pass hidden ones over
        files.create_dir(folder)
        with files.open_output_stream(partial) as stream:
            stream.write(content)
        files.move(partial, path)


def fingerprint(films: Sequence[ListedFilm]) -> str:
    """Name a list of films: the sha256 of their URIs and absolute paths, and of what lists said of them, in order."""
    digest, here = hashlib.sha256(), os.getcwd()
    for film in films:
        digest.update(os.fsencode(film.name if is_uri(film.name) else os.path.join(here, film.name)) + b"\0")
        for told in itertools.chain.from_iterable(film.listed.items()):
            digest.update(told.encode() + b"\0")
    return digest.hexdigest()


def _part(part: int) -> str:
    return f"results/part-{part:06}.parquet"


def _parquet(table: pa.Table, row_group: int) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, row_group_size=row_group, compression="zstd")
    return bytes(sink.getvalue())
