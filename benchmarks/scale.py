"""Screening on Ray: throughput against workers, and a soak with kills in the middle.

    python -m benchmarks.scale                  (three minutes: throughput; needs [scale])
    python -m benchmarks.scale --soak 20000     (the soak, in the time that 20,000 radiographs take)

All of it through the real command in processes of its own, on the real radiographs in their original resolution.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import RESULTS, data_folder
from lab import machine

ROUNDS = 10
"""How often the list names every radiograph when throughput is measured."""

BAD_SHARE = 100
"""One radiograph in so many of the soak is a bad file."""

SAMPLE_SECONDS = 3


def command(source: Path, out: Path, workers: int, bundle: Path) -> list[str]:
    """The command line of one screening on Ray."""
    line = [sys.executable, "-m", "pneumoscope", "screen", source, "--engine", "ray", "--out", out, "--bundle", bundle]
    return [*map(str, line), "--workers", str(workers)]


def parts(out: Path) -> list[Path]:
    """The finished parts, oldest first."""
    return sorted((out / "results").glob("part-*"), key=lambda path: path.stat().st_mtime_ns)


def rows(path: Path) -> int:
    """How many results a part holds."""
    import pyarrow.parquet as pq

    count: int = pq.read_metadata(path).num_rows
    return count


def throughput(radiographs: list[Path], workers: int, bundle: Path) -> dict[str, Any]:
    """Screen the radiographs ROUNDS times; films/s of the whole command, and of the work alone once it has begun."""
    with TemporaryDirectory() as folder:
        listed, out = Path(folder, "films.csv"), Path(folder, "out")
        listed.write_text("path\n" + "".join(f'"{radiograph}"\n' for radiograph in radiographs * ROUNDS))
        started = time.perf_counter()
        subprocess.run(command(listed, out, workers, bundle), check=True, capture_output=True)
        seconds = time.perf_counter() - started
        first, *rest = parts(out)
        steady = (rest[-1].stat().st_mtime_ns - first.stat().st_mtime_ns) / 1e9
        done = sum(map(rows, rest))
    row = {"workers": workers, "films_per_second": done / steady, "whole_command": len(radiographs) * ROUNDS / seconds}
    print(f"{workers} workers: {row['films_per_second']:.1f} films/s, {row['whole_command']:.1f} with start and end")
    return row


def make_soak(radiographs: list[Path], count: int, folder: Path) -> set[str]:
    """Fill a folder with links to the radiographs, one in a hundred to a bad file; gives the names of the bad ones."""
    bad = folder.parent / "bad"
    for path in (folder, bad):
        path.mkdir()
    whole = radiographs[0].read_bytes()
    kinds = {
        "empty": b"",
        "truncated": whole[: len(whole) // 2],
        "text": b"Dear colleague,\n" * 99,
        "huge": huge(whole),
    }
    for name, content in kinds.items():
        (bad / name).write_bytes(content)
    names = set()
    for number in range(count):
        link = folder / f"radiograph{number:08}.jpeg"
        if number % BAD_SHARE == BAD_SHARE // 2:
            link.symlink_to(bad / list(kinds)[number // BAD_SHARE % len(kinds)])
            names.add(str(link))
        else:
            link.symlink_to(radiographs[number % len(radiographs)])
    return names


def huge(jpeg: bytes) -> bytes:
    """The same JPEG whose header declares 65,000 x 65,000 pixels."""
    frame = next(at for at in (jpeg.find(b"\xff" + bytes([kind])) for kind in (0xC0, 0xC2)) if at >= 0)
    return jpeg[: frame + 5] + (65_000).to_bytes(2, "big") * 2 + jpeg[frame + 9 :]


class Watch:
    """Samples a command's processes: what they hold in memory, and how far they are."""

    def __init__(self, out: Path, total: int) -> None:
        import ray  # noqa: F401  (brings psutil)

        self.samples: list[dict[str, float]] = []
        self._out, self._total = out, total
        self._counted: dict[Path, int] = {}

    def done(self) -> int:
        """How many radiographs have a result."""
        for path in parts(self._out):
            self._counted[path] = self._counted.get(path) or rows(path)
        return sum(self._counted.values())

    def step(self, driver: subprocess.Popen[bytes]) -> list[int]:
        """Take one sample, show it, wait; gives the workers that are on a part."""
        import psutil

        family, busy, resident, workers = [], [], [], []
        try:
            family = [psutil.Process(driver.pid), *psutil.Process(driver.pid).children(recursive=True)]
        except psutil.NoSuchProcess:
            return []
        for process in family:
            try:
                resident.append(process.memory_info().rss)
                if "MapWorker" in process.name():
                    workers.append(resident[-1])
                    busy += [process.pid] * (".submit" in process.name())
            except psutil.NoSuchProcess:
                continue
        sample = {"films": self.done(), "total_mb": sum(resident) / 1e6, "workers_mb": sum(workers) / 1e6}
        self.samples.append(sample)
        print(
            f"\r{sample['films']:,} of {self._total:,} radiographs, {sample['total_mb']:,.0f} MB  ", end="", flush=True
        )
        time.sleep(SAMPLE_SECONDS)
        return busy


@contextmanager
def started(line: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command; end it with the context, whatever happens."""
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def soak(radiographs: list[Path], count: int, workers: int, bundle: Path) -> dict[str, Any]:
    """Screen many radiographs, kill a worker after a quarter, the driver after a half, go on, and check every row."""
    import pyarrow.parquet as pq

    with TemporaryDirectory() as folder:
        source, out = Path(folder, "radiographs"), Path(folder, "out")
        bad = make_soak(radiographs, count, source)
        watch = Watch(out, count)
        line = command(source, out, workers, bundle)
        before = time.perf_counter()
        with started(line) as driver:
            kill_worker_and_driver(driver, watch, count)
        first_run = len(watch.samples)
        with started(line) as driver:
            while driver.poll() is None:
                watch.step(driver)
            said, complained = driver.communicate()
        seconds = time.perf_counter() - before
        print()
        if driver.returncode != 3:
            sys.exit(f"the screening ended with {driver.returncode}: {complained.decode()}")
        found = pq.read_table(out / "results", columns=["path", "status", "reason"]).to_pylist()
        refused = {row["path"] for row in found if row["status"] == "not_assessed"}
        checks = {
            "one row per radiograph": len(found) == count,
            "every radiograph once": {row["path"] for row in found} == {str(path) for path in source.iterdir()},
            "the bad files and no others not assessed": refused == bad,
        }
        size = sum(path.stat().st_size for path in parts(out))
    for check, holds in checks.items():
        print(f"{'yes' if holds else 'NO'}: {check}")
    if not all(checks.values()):
        sys.exit("the soak failed")
    return {
        "films": count,
        "bad": len(bad),
        "seconds": seconds,
        "bytes_per_row": size / count,
        "said": said.decode().strip(),
        "checks": checks,
        "peak_mb": max(sample["total_mb"] for sample in watch.samples),
        "memory": memory(watch.samples[first_run:]),
        "samples": watch.samples,
    }


def kill_worker_and_driver(driver: subprocess.Popen[bytes], watch: Watch, count: int) -> None:
    """Kill one worker on its part after a quarter of the radiographs, and the driver after half of them."""
    killed = False
    while watch.done() < count / 2:
        if driver.poll() is not None:
            sys.exit(f"the screening ended early: {driver.communicate()[1].decode()}")
        busy = watch.step(driver)
        if not killed and busy and watch.done() >= count / 4:
            os.kill(busy[0], 9)
            killed = True
            print(f"\nkilled worker {busy[0]}")
    if not killed:
        sys.exit("too few radiographs to kill a worker in the middle; give more with --soak")
    print(f"\nkilled the driver after {watch.done():,} radiographs")


def memory(samples: list[dict[str, float]]) -> dict[str, float]:
    """Compare the first and the last third of the samples while workers were up: MB of all processes, of workers."""
    full = max(sample["workers_mb"] for sample in samples)
    working = [sample for sample in samples if sample["workers_mb"] > full / 2]
    third = max(1, len(working) // 3)
    return {
        f"{name}_{when}": mean(sample[f"{name}_mb"] for sample in chosen)
        for name in ("total", "workers")
        for when, chosen in (("first_third_mb", working[:third]), ("last_third_mb", working[-third:]))
    }


def main() -> None:
    """Measure and record."""
    from pneumoscope.bundle.card import RELEASED
    from pneumoscope.compute.cores import usable_cores

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--films", type=Path, help="folder of radiographs (default: the ones in their original resolution)"
    )
    parser.add_argument("--workers", default=f"1,{usable_cores()}", help="to compare (default: %(default)s)")
    parser.add_argument("--bundle", type=Path, default=RELEASED, help="default: the one installed")
    parser.add_argument("--soak", type=int, metavar="N", help="screen N radiographs in place of measuring throughput")
    options = parser.parse_args()
    radiographs = sorted(
        path.resolve() for path in (options.films or data_folder("original_resolution")).rglob("*.jpeg")
    )
    workers = sorted({int(number) for number in options.workers.split(",")})
    bundle = options.bundle.absolute()
    if options.soak:
        machine.write_record(
            RESULTS / "soak.json", {"bundle": bundle.name} | soak(radiographs, options.soak, workers[-1], bundle)
        )
    else:
        rows = [throughput(radiographs, number, bundle) for number in workers]
        machine.write_record(RESULTS / "scale.json", {"bundle": bundle.name, "throughput": rows})


if __name__ == "__main__":
    main()
