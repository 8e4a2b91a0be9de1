"""Heatmaps on the lungs, and stable? ``python -m experiments.heatmap_check`` measures, ``page`` draws the record."""
