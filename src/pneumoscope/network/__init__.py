"""The ResNet50 in Keras: building it, its ImageNet weights, export to the bundle, int8."""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read when ONNX Runtime is imported, which the quantizer does
