"""Thresholds carried over: ``python -m experiments.threshold_transfer`` measures on sealed scores."""
