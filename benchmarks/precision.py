"""Does another runtime or precision decide as the reference does? Over radiographs of train.

    python -m benchmarks.precision [--validate]     (six minutes; needs [evaluate], and [fast] for OpenVINO)

The reference is the released bundle in float32 on ONNX Runtime, which the evaluation was made with. A runtime is
validated for a bundle when, over both sets, no decision at any operating point differs and AUC moves by at most 0.0005.
``--validate`` writes what passed into the package. The int8 bundle is a bundle of its own, with a hash of its own; its
differences are counted here too.
"""

import argparse
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import RESULTS, data_folder
from lab import machine
from pneumoscope.bundle.card import RELEASED
from pneumoscope.compute.cores import usable_cores
from pneumoscope.compute.pool import WorkerPool
from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.data.layout import load
from pneumoscope.data.splits import divided
from pneumoscope.decision.rule import DecisionRule
from pneumoscope.files import write_json
from pneumoscope.imaging import read, to_input
from pneumoscope.screening.runtime.opening import open_session
from pneumoscope.screening.runtime.session import Session

LARGEST_AUC_MOVE = 0.0005


def sets(source: Path) -> dict[str, list[LabelledRadiograph]]:
    """The held-out number blocks of train, and every seventh of its other radiographs. The official test is closed."""
    sides = {split: [one for one in divided(load(source)).values() if one.split == split] for split in ("train", "val")}
    return {"validation blocks": sides["val"], "every seventh trained on": sides["train"][::7]}


def candidates() -> dict[str, Session]:
    """Whatever can run here, but the reference."""
    cores = usable_cores()
    found = {"ONNX Runtime, int8": open_session(machine.INT8, cores, "onnxruntime")}
    if find_spec("openvino"):
        from pneumoscope.screening.runtime.openvino_runtime import OpenVinoSession

        found["OpenVINO, float32"] = open_session(RELEASED, cores, "openvino")
        # open_session refuses int8 on OpenVINO.
        found["OpenVINO, int8"] = OpenVinoSession(machine.INT8, cores)
        found["OpenVINO, int8"].sha256 = found["ONNX Runtime, int8"].sha256
    return found


def logits(session: Session, inputs: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """(N, 3), radiograph by radiograph, as screening does."""
    with WorkerPool(usable_cores()) as pool:
        return np.concatenate([found.logits for found in pool.map(lambda x: session.run(x[None]), inputs)])


def compare(
    rule: DecisionRule, reference: NDArray[np.float32], other: NDArray[np.float32], positive: NDArray[np.bool_]
) -> dict[str, Any]:
    """Count the decisions that differ and measure how far numbers moved."""
    from sklearn.metrics import roc_auc_score

    p, q = rule.probability(reference), rule.probability(other)
    before, after = roc_auc_score(positive, p), roc_auc_score(positive, q)
    return {
        "films": len(p),
        "largest_logit_difference": float(np.abs(reference - other).max()),
        "largest_probability_difference": float(np.abs(p - q).max()),
        "auc": float(after),
        "auc_moved": float(after - before),
        "decisions_differ": {
            point.name: int(((p >= point.threshold) != (q >= point.threshold)).sum()) for point in rule.operating_points
        },
        "balanced_accuracy": {point.name: _balanced(q >= point.threshold, positive) for point in rule.operating_points},
    }


def _balanced(found: NDArray[np.bool_], positive: NDArray[np.bool_]) -> float:
    return float((found[positive].mean() + (~found[~positive]).mean()) / 2)


def main(validate: bool) -> None:
    """Compare and record."""
    reference, others = open_session(RELEASED, usable_cores(), "onnxruntime"), candidates()
    rows: list[dict[str, Any]] = []
    for name, radiographs in sets(data_folder("chest_xray")).items():
        inputs = [to_input(read(radiograph.path)) for radiograph in radiographs]
        positive = np.array([not radiograph.classes[0] for radiograph in radiographs])
        expected = logits(reference, inputs)
        for other, session in others.items():
            row = compare(reference.card.rule, expected, logits(session, inputs), positive)
            identity = {"name": other, "set": name, "bundle_sha256": session.sha256, "runtime": session.runtime}
            rows.append(identity | row)
            print(
                f"{name}, {other}: decisions that differ {row['decisions_differ']}, AUC moved {row['auc_moved']:+.5f}"
            )
    machine.write_record(RESULTS / "precision.json", {"reference_sha256": reference.sha256, "rows": rows})
    if validate:
        passed = sorted(
            session.runtime
            for other, session in others.items()
            if session.sha256 == reference.sha256 and all(_passes(row) for row in rows if row["name"] == other)
        )
        write_json(RELEASED.with_name("validated_runtimes.json"), {reference.sha256: passed})
        print(f"validated for {reference.sha256[:12]}: {', '.join(passed) or 'nothing'}")


def _passes(row: dict[str, Any]) -> bool:
    return not any(row["decisions_differ"].values()) and abs(row["auc_moved"]) <= LARGEST_AUC_MOVE


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--validate", action="store_true", help="write what passed into the package")
    main(parser.parse_args().validate)
