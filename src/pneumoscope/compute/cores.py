"""What this process may use of the processor: cores, so that threads are set on purpose, and instruction sets."""

import math
import os
from collections.abc import Iterator
from pathlib import Path


def usable_cores(root: Path = Path("/")) -> int:
    """Count the cores left by the CPU affinity and by the cgroup limits (v2 ``cpu.max``, v1 CFS quota).

    A limit of a fraction is rounded up, as the JVM and Go do. The smallest limit among the process's group and all its
    ancestors holds.

    Args:
        root: where ``proc`` and ``sys`` lie.

    Returns:
        At least 1.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    allowed = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, min([allowed, *map(math.ceil, _limits(root))]))


def _limits(root: Path) -> Iterator[float]:
    """Yield every CPU limit that applies, in cores."""
    for line in _words(root / "proc/self/cgroup", "\n"):
        _, controllers, group = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        top = root / "sys/fs/cgroup" / controllers  # v2 has no controllers on its line: the mount itself
        folder = top / group.strip("/")
        for level in (folder, *folder.parents):
            if not level.is_relative_to(top):
                break
            yield from _limit(level)


def _limit(folder: Path) -> Iterator[float]:
    quota = _words(folder / "cpu.max") or [
        word for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us") for word in _words(folder / name)
    ]
    if len(quota) == 2 and quota[0] not in ("max", "-1"):
        yield int(quota[0]) / int(quota[1])


def _words(path: Path, separator: str | None = None) -> list[str]:
    try:
        return [word for word in path.read_text().split(separator) if word]
    except OSError:
        return []


def instructions(root: Path = Path("/")) -> frozenset[str]:
    """Name the processor's instruction sets, such as avx2 or amx_bf16, as Linux spells them; empty elsewhere.

    Args:
        root: where ``proc`` lies.
    """
    lines = _words(root / "proc/cpuinfo", "\n")
    flags = next((line for line in lines if line.startswith("flags")), ":")
    return frozenset(flags.partition(":")[2].split())
