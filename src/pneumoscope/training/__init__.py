"""Recipes, augmentation, the training loop, weight averaging, the collapse guard and resume."""
