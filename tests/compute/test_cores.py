import os
from pathlib import Path

import pytest

from pneumoscope.compute.cores import instructions, usable_cores

ALLOWED = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def machine(root: Path, group: str, files: dict[str, str]) -> Path:
    for name, content in ({"proc/self/cgroup": group} | files).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no CPU affinity")
def test_affinity_limits(tmp_path: Path) -> None:
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert usable_cores(tmp_path) == 1
    finally:
        os.sched_setaffinity(0, before)
    assert usable_cores(tmp_path) == len(before)


@pytest.mark.parametrize(
    ("group", "files"),
    [
        ("0::/\n", {"sys/fs/cgroup/cpu.max": "50000 100000\n"}),
        (
            "0::/pod/box\n",
            {"sys/fs/cgroup/pod/cpu.max": "100000 100000\n", "sys/fs/cgroup/pod/box/cpu.max": "max 100000\n"},
        ),
        (
            "5:memory:/\n3:cpu,cpuacct:/docker/abc\n",  # v1 in a container: the group's own path is not to be seen
            {
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "100000\n",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            },
        ),
    ],
    ids=["v2", "v2 ancestor", "v1"],
)
def test_cgroup_limits_to_one_core(tmp_path: Path, group: str, files: dict[str, str]) -> None:
    assert usable_cores(machine(tmp_path, group, files)) == 1


@pytest.mark.parametrize("quota", ["max 100000", "6400000000 100000", "-1 100000", ""])
def test_no_real_limit_leaves_the_affinity(tmp_path: Path, quota: str) -> None:
    assert usable_cores(machine(tmp_path, "0::/\n", {"sys/fs/cgroup/cpu.max": quota})) == ALLOWED


@pytest.mark.skipif(ALLOWED == 1, reason="a fraction shows only where there are two cores")
def test_a_fraction_is_rounded_up(tmp_path: Path) -> None:
    assert usable_cores(machine(tmp_path, "0::/\n", {"sys/fs/cgroup/cpu.max": "110000 100000"})) == 2


def test_instruction_sets_are_the_first_processors(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    cpuinfo = "processor\t: 0\nmodel name\t: A: B\nflags\t\t: fpu avx2 amx_bf16\n\nprocessor\t: 1\nflags\t\t: fpu\n"
    (tmp_path / "proc/cpuinfo").write_text(cpuinfo)
    assert instructions(tmp_path) == {"fpu", "avx2", "amx_bf16"}
    assert instructions(tmp_path / "elsewhere") == frozenset()
