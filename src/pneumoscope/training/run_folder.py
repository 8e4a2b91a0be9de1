"""The folder of a training run.

RUN/config.json        what the run does, and how far it is (pneumoscope.training.config.RunConfig)
RUN/split.csv          every radiograph used, with its side of the split
RUN/history.json       one row per epoch, and one of the finished network
RUN/checkpoint.npz     what --resume reads; gone when the run is finished, as are
RUN/member-N.npz       the weights of finished members of an average, and of the network they go on from (0)
RUN/model.weights.h5   the weights to keep
RUN/validation.npz     logits of the validation radiographs, in the order of validation.csv
RUN/checksums.json     sha256 of the finished files
RUN/run.lock           the process that is at work on the run, while it is
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.data.layout import load
from pneumoscope.data.manifest import write_manifest
from pneumoscope.errors import DataError
from pneumoscope.files import PARTIAL, check_room, make_folder, replacing, sha256, write_json
from pneumoscope.locks import exclusive
from pneumoscope.network.resnet import build
from pneumoscope.training.config import SCHEMA, RunConfig, Setting
from pneumoscope.training.loop.checkpoint import Row
from pneumoscope.training.radiographs.table import Table, take_side

CONFIG, HISTORY, WEIGHTS, CHECKSUMS = "config.json", "history.json", "model.weights.h5", "checksums.json"
LOCK = "run.lock"


@dataclass(frozen=True)
class FinishedRun:
    """What later steps need of a finished run.

    Attributes:
        folder: of the run.
        config: what it did.
        history: one row per epoch.
        radiographs: the N validation radiographs.
        logits: float32 (N, 3) of these, from the kept weights.
    """

    folder: Path
    config: RunConfig
    history: list[Row]
    radiographs: list[LabelledRadiograph]
    logits: NDArray[np.float32]


def read_config(folder: Path) -> RunConfig:
    """Read a run's config.json.

    Raises:
        DataError: the folder holds no run, a damaged one, or one of another version.
    """
    path = folder / CONFIG
    try:
        # The standard library reads file names that are no UTF-8 too, which msgspec refuses.
        content = msgspec.convert(json.loads(path.read_bytes()), dict[str, Any])
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataError(f"{folder}: no training run here ({CONFIG} is missing)") from error
    except ValueError as error:  # msgspec.ValidationError is one
        raise DataError(f"{path}: damaged; start the run again in a new folder") from error
    try:
        if content.get("schema") != SCHEMA:
            raise msgspec.ValidationError(f"schema {content.get('schema')}, here {SCHEMA}")
        return msgspec.convert(content, RunConfig)
    except msgspec.ValidationError as error:
        raise DataError(f"{folder}: this run is of another version of pneumoscope ({error}); train it anew") from error


def write_config(folder: Path, config: RunConfig) -> None:
    """Write a run's config.json in one step."""
    write_json(folder / CONFIG, msgspec.to_builtins(config))


@contextmanager
def begun(folder: Path, config: RunConfig) -> Iterator[None]:
    """Begin a run in a folder, or go on with the one that it holds; nobody else is at work in it meanwhile.

    What a kill left half-written goes.

    Raises:
        DataError: the folder holds a run that has ended, or does something else, or that another process is at work on.
        OSError: the folder cannot be written to.
    """
    make_folder(folder)
    with exclusive(folder / LOCK):
        if (folder / CONFIG).exists():
            earlier = read_running(folder)
            if changed := config.differences(earlier):
                raise DataError(f"{folder} holds a run with another {', '.join(changed)}; choose a new folder")
        for left in folder.glob(f".*{PARTIAL}"):
            left.unlink()
        write_config(folder, config)
        yield


def read_running(folder: Path) -> RunConfig:
    """Read the configuration of a run that has not ended.

    Raises:
        DataError: the folder holds no such run.
    """
    config = read_config(folder)
    if config.state == "finished":
        raise DataError(f"{folder}: this run is finished; next: pneumoscope report {folder}")
    if config.state == "collapsed":
        raise DataError(f"{folder}: this run is collapsed. {config.explanation}")
    return config


def resume_setting(folder: Path, cache: Path) -> Setting:
    """What an interrupted run was asked to do.

    Args:
        folder: of the run.
        cache: folder for packed radiographs.

    Raises:
        DataError: see :func:`read_running`.
    """
    return read_running(folder).setting(cache)


def finish(folder: Path, config: RunConfig, table: Table, model: Any, logits: NDArray[np.float32]) -> None:
    """Write what a finished run holds beside its history: weights, split, validation, checksums.

    Args:
        folder: of the run.
        config: of the run.
        table: every radiograph used.
        model: with the weights to keep.
        logits: (N, 3) of the validation radiographs, in the order of their digests.
    """
    check_room(folder / WEIGHTS, 4 * model.count_params())  # HDF5 does not fail in order
    model.save_weights(folder / WEIGHTS)
    write_manifest(sorted(table.values(), key=lambda labelled: labelled.path), folder / "split.csv")
    held_out = list(take_side(table, "val").values())
    # Manifests are read back in this order.
    order = sorted(range(len(held_out)), key=lambda place: held_out[place].path.absolute())
    write_manifest([held_out[place] for place in order], folder / "validation.csv")
    with replacing(folder / "validation.npz") as stream:
        np.savez(stream, logits=logits[order])
    names = ("split.csv", HISTORY, WEIGHTS, "validation.csv", "validation.npz")
    write_json(folder / CHECKSUMS, {name: sha256(folder / name) for name in names})
    write_config(folder, replace(config, state="finished"))
    for spare in (*folder.glob("checkpoint.npz"), *folder.glob("member-*.npz")):
        spare.unlink()


def load_finished(folder: Path) -> FinishedRun:
    """Read a finished run.

    Raises:
        DataError: the folder holds no run, an unfinished, collapsed or changed one, or one of another version.
    """
    config = read_config(folder)
    if config.state == "running":
        raise DataError(f"{folder}: this run is not finished; go on with: pneumoscope train --resume {folder}")
    if config.state == "collapsed":
        raise DataError(f"{folder}: this run is collapsed. {config.explanation}")
    for name, digest in json.loads((folder / CHECKSUMS).read_text()).items():
        if sha256(folder / name) != digest:
            raise DataError(f"{folder / name}: changed since the run finished; train again or restore the file")
    history = json.loads((folder / HISTORY).read_text())
    with np.load(folder / "validation.npz", allow_pickle=False) as stored:
        return FinishedRun(folder, config, history, load(folder / "validation.csv", moved=True), stored["logits"])


def load_model(run: FinishedRun) -> Any:
    """The Keras model of a finished run, with the kept weights."""
    model = build(None)
    model.load_weights(run.folder / WEIGHTS)
    return model
