"""Ray, for what outgrows one process: a local cluster of our own, or one that is there already."""

import logging
import os
import secrets
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pneumoscope.errors import DataError
from pneumoscope.extras import needed

OBJECT_STORE_BYTES = 200 * 2**20
"""What a local cluster may hold in shared memory. Only numbers travel through it, so a small /dev/shm does."""

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
    local = {"num_cpus": cpus, "object_store_memory": OBJECT_STORE_BYTES, "include_dashboard": False}
    try:
        _probe_port(address)
        with _silent_stderr():
            ray.init(
                address=address or "local",
                log_to_driver=False,
                logging_level=logging.ERROR,
                **({} if address else local | {"_node_ip_address": "127.0.0.1"}),
            )
    except (OSError, RuntimeError, ValueError, TimeoutError) as problem:
        raise DataError(f"{address or 'A local Ray cluster'}: cannot be used ({problem}).") from problem
    try:
        yield int(ray.cluster_resources().get("CPU", 1))
    finally:
        ray.shutdown()


def _probe_port(address: str | None) -> None:
    """Find out at once that nobody listens; Ray itself tries for a minute and then ends the process."""
    host, separator, port = (address or "").removeprefix("ray://").rpartition(":")
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
