"""Doubtful labels: ``python -m experiments.label_quality`` finds them in sealed out-of-fold scores."""
