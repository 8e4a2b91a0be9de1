"""What does the arithmetic of a bundle: ONNX Runtime or OpenVINO."""
