"""What does the arithmetic of a bundle: ONNX Runtime or OpenVINO. Neither may report its use to its maker."""

import os
import sys

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read when ONNX Runtime is imported
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # OpenVINO then does without
