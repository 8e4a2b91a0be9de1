import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

pytestmark = pytest.mark.skipif(not find_spec("ray"), reason="Ray is not installed: pip install 'pneumoscope[scale]'")

PROBE = """
import os
os.register_at_fork(before=lambda: print("forked"))  # beside threads, that may wait for ever
from pneumoscope.compute.ray_cluster import ray_cluster
with ray_cluster(None, 2) as cpus:
    import ray, psutil  # the second comes with the first
    print(ray.get(ray.remote(lambda: 2 * 21).remote()), cpus)
    family = {process.pid for process in psutil.Process().children(recursive=True)}
    for socket in psutil.net_connections():
        if socket.status == "LISTEN" and socket.pid in family:
            print(socket.laddr.ip)
print(ray.is_initialized())
with ray_cluster(None, 1) as cpus:
    print(ray.get(ray.remote(lambda: 2 * 21).remote()), cpus)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="lists sockets as Linux does")
def test_a_local_cluster_is_quiet_private_and_gone_afterwards() -> None:
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    works, *addresses, after, again = done.stdout.splitlines()
    assert (works, after, again, done.stderr) == ("42 2", "False", "42 1", "")
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
