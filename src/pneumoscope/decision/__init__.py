"""From logits to a finding: labels, score, calibration, operating points, the rule. NumPy only."""
