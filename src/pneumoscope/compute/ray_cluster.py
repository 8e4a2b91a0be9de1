"""Ray, for what outgrows one process: a local cluster of our own, or one that is there already."""

import logging
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import IO, cast

from pneumoscope.compute import ray_head
from pneumoscope.errors import DataError
from pneumoscope.extras import needed

OBJECT_STORE_BYTES = 200 * 2**20
"""What a local cluster may hold in shared memory. Only numbers travel through it, so a small /dev/shm does."""

START_SECONDS = 300
"""How long a local cluster may take to start. It takes three seconds on two free cores."""

END_SECONDS = 30
"""How long it may take to end before it is killed."""

_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".*",  # a worker's death is put on standard output otherwise, between our results
}
_PRIVATE = {
    # The only way to a cluster that listens on the loopback address alone: without it Ray takes the machine's outer
    # address even when it is told 127.0.0.1.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_AUTH_MODE": "token",  # whoever else may log in on this machine must not run code through our cluster
}


@contextmanager
def ray_cluster(address: str | None, cpus: int) -> Iterator[int]:
    """Use a Ray cluster: the caller's, if this process is in one already; else the one at ``address``; else a new one.

    A new one lives on this machine, as long as the context or this process, and listens on the loopback address only.
    A process of its own starts it: see ``ray_head``.
    Ray reads its settings when it is imported, so it must not be imported before.

    Args:
        address: of a running cluster, as ``ray.init`` takes it; None for a new one.
        cpus: how many workers a new one may run at once, each on one core.

    Yields:
        How many workers the cluster can run at once.

    Raises:
        MissingExtraError: when Ray is not installed.
        DataError: when the cluster cannot be reached or started.
    """
    in_time = "ray" not in sys.modules or all(os.environ.get(name) == value for name, value in _PRIVATE.items())
    os.environ.update(_QUIET)
    if in_time and not address:
        os.environ.update(_PRIVATE)
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    with needed("Work on a Ray cluster", "scale"):
        import ray

    if ray.is_initialized():
        yield int(ray.cluster_resources()["CPU"])
        return
    if not (in_time or address):
        raise DataError("Ray was imported before it could be told to stay private; call ray.init() yourself first.")
    with nullcontext(address) if address else _local_head(cpus) as joined:
        try:
            _probe_port(joined)
            with _silent_stderr():
                ray.init(address=joined, log_to_driver=False, logging_level=logging.ERROR)
        except (OSError, RuntimeError, ValueError, TimeoutError) as problem:
            raise DataError(f"{address or 'A local Ray cluster'}: cannot be used ({problem}).") from problem
        try:
            yield int(ray.cluster_resources().get("CPU", 1))
        finally:
            ray.shutdown()


@contextmanager
def _local_head(cpus: int) -> Iterator[str]:
    """Start a cluster in a process of its own; give its address.

    Raises:
        DataError: it did not start.
    """
    # By its path: "-m" would import from the current folder first, which may hold anything. -P leaves out its own too.
    command = [sys.executable, "-P", ray_head.__file__, str(cpus), str(OBJECT_STORE_BYTES)]
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        head = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True, start_new_session=True
        )
        address = ""
        try:
            address = _wait_for_address(head, said)
            yield address
        finally:
            _end(head, at_once=not address)


def _wait_for_address(head: subprocess.Popen[str], said: IO[str]) -> str:
    """The line that the process prints when its cluster runs; ``said`` is its standard error.

    Raises:
        DataError: it ended before, or was not ready in START_SECONDS and is killed.
    """
    too_late = threading.Timer(START_SECONDS, head.kill)
    too_late.start()
    try:
        address = cast("IO[str]", head.stdout).readline().strip()
        killed = too_late.finished.is_set()
    finally:
        too_late.cancel()
    if address:
        return address
    said.seek(0)
    reasons = [line for line in said.read().splitlines() if line.strip()] or [f"exit code {head.wait()}"]
    why = f"it did not start in {START_SECONDS} s" if killed else reasons[-1]
    raise DataError(f"A local Ray cluster: cannot be used ({why}).")


def _end(head: subprocess.Popen[str], *, at_once: bool) -> None:
    """Let the process that owns a cluster end it; kill it, and so the cluster, if it does not."""
    if at_once:
        head.kill()
    for pipe in filter(None, (head.stdin, head.stdout)):
        pipe.close()
    try:
        head.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        head.kill()
        head.wait()


def _probe_port(address: str) -> None:
    """Find out at once that nobody listens; Ray itself tries for a minute and then ends the process."""
    host, separator, port = address.removeprefix("ray://").rpartition(":")
    if separator and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()


@contextmanager
def _silent_stderr() -> Iterator[None]:
    """Keep what Ray's C++ parts write while they start, past Python's streams, off the terminal."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)
