"""The baseline: the published numbers of the two-phase system that this project rebuilt, on the official test split.

They compare only on those 624 radiographs, so the report shows them where an evaluation says that it is of those.
"""

METRICS = {"accuracy": 0.902, "recall": 0.931, "balanced_accuracy": 0.893}
FALSE_NEGATIVES, POSITIVES = 27, 390
