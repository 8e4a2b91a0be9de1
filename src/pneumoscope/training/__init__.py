"""The two phases, augmentation, the collapse guard and resume."""
