"""Bundles under stress: ``python -m experiments.robustness`` measures, ``page`` draws and tabulates."""
