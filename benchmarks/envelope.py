"""What does the envelope cost? One inference of the released bundle, with and without it, in turn on one core.

python -m benchmarks.envelope     (half a minute; needs [train] for the ONNX package)
"""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks import RESULTS
from lab import machine
from pneumoscope.bundle.card import RELEASED
from pneumoscope.network.envelope import write_without_envelope
from pneumoscope.screening.runtime.opening import open_session

TURNS = 150


def main() -> None:
    """Time and record."""
    film = np.random.default_rng(0).integers(0, 256, (1, 224, 224), dtype=np.uint8)
    with TemporaryDirectory() as folder:
        bare = Path(folder, "bare.onnx")
        write_without_envelope(RELEASED, bare)
        sessions = {"with": open_session(RELEASED, 1, "onnxruntime"), "without": open_session(bare, 1, "onnxruntime")}
        seconds: dict[str, list[float]] = {name: [] for name in sessions}
        for turn in range(TURNS):
            for name, session in sessions.items():
                begin = time.process_time()
                session.run(film)
                if turn >= 5:  # the first ones allocate
                    seconds[name].append(time.process_time() - begin)
        sizes = {"with": RELEASED.stat().st_size, "without": bare.stat().st_size}
    record = {
        "turns": TURNS,
        "milliseconds": {name: round(1000 * float(np.median(values)), 2) for name, values in seconds.items()},
        "ratio_of_each_turn": round(float(np.median(np.divide(seconds["with"], seconds["without"]))), 4),
        "bytes": sizes,
    }
    machine.write_record(RESULTS / "envelope.json", record)


if __name__ == "__main__":
    main()
