"""The system that Pneumoscope was asked to beat: its numbers on the official test split, at its threshold.

They compare only on those 624 films, so the report shows them where an evaluation says that it is of those.
"""

METRICS = {"accuracy": 0.902, "recall": 0.931, "balanced_accuracy": 0.893}
FALSE_NEGATIVES, POSITIVES = 27, 390
