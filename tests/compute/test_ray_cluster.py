import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not find_spec("ray"), reason="Ray is not installed: pip install 'pneumoscope[scale]'")

PROBE = """
import os
os.register_at_fork(before=lambda: print("forked"))  # beside threads, that may wait for ever
from pneumoscope.compute.ray_cluster import ray_cluster
with ray_cluster(None, 2) as cpus:
    import ray, psutil  # the second comes with the first
    print(ray.get(ray.remote(lambda: 2 * 21).remote()), cpus)
    family = psutil.Process().children(recursive=True)
    pids = {os.getpid(), *(process.pid for process in family)}
    for socket in psutil.net_connections():
        if socket.status == "LISTEN" and socket.pid in pids:
            print(socket.laddr.ip)
left = [process for process in family if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
print(len(family) > 5, left, ray.is_initialized())
with ray_cluster(None, 1) as cpus:
    print(ray.get(ray.remote(lambda: 2 * 21).remote()), cpus)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="lists sockets as Linux does")
def test_a_local_cluster_is_quiet_private_and_gone_afterwards() -> None:
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True, timeout=240)
    works, *addresses, after, again = done.stdout.splitlines()
    assert (works, after, again, done.stderr) == ("42 2", "True [] False", "42 1", "")
    assert addresses
    assert {address.removeprefix("::ffff:") for address in addresses} == {"127.0.0.1"}


def test_ray_that_was_imported_too_early_is_refused() -> None:
    code = "import ray\nfrom pneumoscope.compute.ray_cluster import ray_cluster\nwith ray_cluster(None, 1): pass"
    fresh = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}  # other tests set them
    done = subprocess.run([sys.executable, "-c", code], env=fresh, capture_output=True, text=True, check=False)
    assert "DataError: Ray was imported before" in done.stderr


def test_a_cluster_that_is_not_there_is_named() -> None:
    code = "from pneumoscope.compute.ray_cluster import ray_cluster\nwith ray_cluster('127.0.0.1:9', 1): pass"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "DataError: 127.0.0.1:9: cannot be used" in done.stderr


START = """
from pneumoscope.compute import ray_cluster
from pneumoscope.errors import DataError
ray_cluster.{setting}
try:
    with ray_cluster.ray_cluster(None, 1): pass
except DataError as told:
    print(told)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("START_SECONDS = 0.1", "A local Ray cluster: cannot be used (it did not start in 0.1 s).\n"),
        ("OBJECT_STORE_BYTES = 1000", "A local Ray cluster: cannot be used (ValueError: "),
    ],
)
def test_a_local_cluster_that_does_not_start_says_why(setting: str, said: str) -> None:
    code = START.format(setting=setting)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.startswith(said)
    assert done.stderr == ""


@pytest.mark.slow
def test_nothing_of_the_current_folder_is_imported(tmp_path: Path) -> None:
    (tmp_path / "ray.py").write_text("raise RuntimeError('a file of a folder of films')")
    code = f"import sys; sys.path.remove('')\n{START.format(setting='END_SECONDS = 20')}"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120
    )
    assert (done.stdout, done.stderr) == ("", "")


INTERRUPTED = """
import os, signal, threading
from pneumoscope.compute.ray_cluster import ray_cluster
try:
    with ray_cluster(None, 1):
        import psutil  # it comes with Ray
        family = psutil.Process().children(recursive=True)
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        threading.Event().wait(60)
except KeyboardInterrupt:
    left = [process for process in family if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    print(len(family) > 5, left)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for another process")
def test_a_cluster_has_ended_when_ctrl_c_leaves_its_context() -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, check=True, timeout=120)
    assert (done.stdout, done.stderr) == ("True []\n", "")
