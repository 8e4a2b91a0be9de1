"""A process does not fork in the middle of an inference."""

import os
import subprocess
import sys

import pytest

CODE = """
import os, threading
from pneumoscope.screening.runtime.fork_gate import ForkGate
gate, inside, leave, forked = ForkGate(), threading.Event(), threading.Event(), threading.Event()
def infer():
    with gate.running():
        inside.set()
        leave.wait()
def fork():
    child = os.fork()
    if not child:
        with gate.running():
            os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    forked.set()
threads = [threading.Thread(target=infer), threading.Thread(target=fork)]
threads[0].start()
inside.wait()
threads[1].start()
assert not forked.wait(0.3)  # it waits for the inference
leave.set()
[thread.join() for thread in threads]
assert forked.is_set()
with gate.running():  # the door is open again, and a thread does not wait for itself
    child = os.fork()
    if not child:
        os._exit(0)
os.waitpid(child, 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_waits_for_the_inferences_of_other_threads() -> None:
    subprocess.run([sys.executable, "-W", "ignore::DeprecationWarning", "-c", CODE], check=True, timeout=60)
