"""What reading one file costs, in a process of its own whose memory is limited."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

READ = """
import json, resource, sys, time
from pathlib import Path
import numpy, pydicom, pydicom.encaps, pydicom.pixels, pydicom.filereader
from pneumoscope.imaging import NotAssessedError, read, to_input
from pneumoscope.imaging.formats import codestream
status = Path("/proc/self/status")
def said(name):
    return next((int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith(name)), 0)
before, started = said("VmRSS"), time.process_time()
most = 1024 * said("VmSize") + int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_AS, (most, most))
try:
    to_input(read(Path(sys.argv[1])))
    outcome = "read"
except NotAssessedError as refused:
    outcome = str(refused.refusal.reason)
print(json.dumps([outcome, time.process_time() - started, (said("VmHWM") - before) / 1024]))
"""


@dataclass(frozen=True)
class Cost:
    """What became of a file: "read" or a coded reason; seconds of processor time; MiB beyond the libraries' own."""

    outcome: str
    seconds: float
    mib: float


def cost(path: Path, most_bytes: int) -> Cost:
    """Read a file where no more than ``most_bytes`` of address space can be added. Linux only."""
    ended = subprocess.run(
        [sys.executable, "-c", READ, str(path), str(most_bytes)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return Cost(*json.loads(ended.stdout.splitlines()[-1]))
