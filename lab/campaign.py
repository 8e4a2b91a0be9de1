"""A campaign: a closed experiment whose records are written once and never edited.

    python -m lab.campaign NEW_FOLDER KIND/NAME=FILE.json [KIND/NAME=FILE.json ...] [--scores FILE.parquet]

seals the records of an experiment into NEW_FOLDER:

runs.jsonl      one record a line, {"kind": ..., "name": ..., "content": ...}. A record of the kind "run" is a training
                without its weights: "config", "history" (one row an epoch) and sometimes "stressed".
scores.parquet  the logits of radiographs that the runs were not trained on, one row a run and radiograph, with the
                columns of SCORES; absent where a campaign has none.
"""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from lab.scores import Scores
from pneumoscope.decision.labels import CLASSES
from pneumoscope.files import replacing, write_bytes

if TYPE_CHECKING:
    import pyarrow as pa

RUNS, SCORES_FILE = "runs.jsonl", "scores.parquet"
SCORES = ("run", "set", "name", "patient", "class", *CLASSES)
"""Columns of scores.parquet. "set" is "validation" or "left-out"; the logits are float64, the others are texts."""


class Record(msgspec.Struct, frozen=True):
    """One record of a campaign.

    Attributes:
        kind: such as "run", "stress" or "test-set evaluation".
        name: tells it from the others of its kind.
        content: JSON values, with the keys that they were written with.
    """

    kind: str
    name: str
    content: dict[str, Any]


@dataclass(frozen=True)
class Campaign:
    """The sealed records in a folder."""

    folder: Path

    @cached_property
    def records(self) -> tuple[Record, ...]:
        """All of them, in the order in which they were sealed."""
        lines = (self.folder / RUNS).read_bytes().splitlines()
        return tuple(msgspec.json.decode(line, type=Record) for line in lines)

    def names(self, kind: str = "run") -> list[str]:
        """The names of the records of a kind."""
        return [record.name for record in self.records if record.kind == kind]

    def content(self, kind: str, name: str) -> dict[str, Any]:
        """What a record holds.

        Raises:
            KeyError: there is no such record.
        """
        for record in self.records:
            if (record.kind, record.name) == (kind, name):
                return record.content
        raise KeyError(f"{self.folder.name} has no record {kind}/{name}")

    def scores(self, run: str, of: str) -> Scores:
        """The logits of a run on its "validation" or its "left-out" radiographs.

        Raises:
            KeyError: none are kept.
        """
        kept = self._scores
        rows = np.flatnonzero((kept["run"] == run) & (kept["set"] == of))
        if not len(rows):
            raise KeyError(f"{self.folder.name} has no {of} scores of {run}")
        labels = [CLASSES.index(name) if name in CLASSES else 1 for name in kept["class"][rows]]
        logits = np.stack([kept[name][rows] for name in CLASSES], axis=1)
        return Scores(kept["name"][rows], kept["patient"][rows], np.array(labels), logits)

    @cached_property
    def _scores(self) -> dict[str, Any]:
        import pyarrow.parquet as pq

        table = pq.read_table(self.folder / SCORES_FILE)
        return {name: table[name].to_numpy() for name in table.column_names}


def seal(folder: Path, records: Iterable[Record], scores: "pa.Table | None" = None) -> None:
    """Write the records of a new campaign.

    Args:
        folder: of the campaign; it is made where it is missing.
        records: in the order in which they are to be read.
        scores: with the columns SCORES.

    Raises:
        FileExistsError: the campaign is sealed already.
        ValueError: the scores have other columns.
    """
    if (folder / RUNS).exists():
        raise FileExistsError(f"{folder} is sealed; a new experiment is a new campaign")
    folder.mkdir(parents=True, exist_ok=True)
    if scores is not None:
        import pyarrow.parquet as pq

        if tuple(scores.column_names) != SCORES:
            raise ValueError(f"the scores have the columns {scores.column_names}, and must have {SCORES}")
        with replacing(folder / SCORES_FILE) as stream:
            texts = list(SCORES[: -len(CLASSES)])
            pq.write_table(scores, stream, compression="zstd", compression_level=19, use_dictionary=texts)
    write_bytes(folder / RUNS, b"".join(msgspec.json.encode(record) + b"\n" for record in records))


def main(arguments: list[str] | None = None) -> None:
    """Seal the files that the command line names."""
    parser = argparse.ArgumentParser(description="Seal the records of an experiment into a new campaign.")
    parser.add_argument("folder", type=Path, metavar="NEW_FOLDER")
    parser.add_argument("files", type=_named, nargs="+", metavar="KIND/NAME=FILE.json")
    parser.add_argument("--scores", type=Path, metavar="FILE.parquet")
    asked = parser.parse_args(arguments)
    scores = None
    if asked.scores:
        import pyarrow.parquet as pq

        scores = pq.read_table(asked.scores)
    try:
        records = [Record(kind, name, _content(path)) for kind, name, path in asked.files]
        seal(asked.folder, records, scores)
    except (OSError, ValueError, msgspec.MsgspecError) as problem:
        parser.error(str(problem))


def _named(text: str) -> tuple[str, str, Path]:
    """Part KIND/NAME=FILE."""
    identity, equals, path = text.partition("=")
    kind, slash, name = identity.partition("/")
    if not (equals and slash):
        raise argparse.ArgumentTypeError(f"{text!r} is not KIND/NAME=FILE.json")
    return kind, name, Path(path)


def _content(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    return content


if __name__ == "__main__":
    main()
