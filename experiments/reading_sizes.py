"""Log loss of a finished run on its validation films at several reading sizes, as it is and after calibration.

    python experiments/reading_sizes.py RUN

Whole films, in float32. Calibrated: a slope and an intercept of the score, fitted to the same films, both classes weighed the same.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from records import Scores
from sklearn.linear_model import LogisticRegression
from sweep import measured

from pneumoscope.data.film import CLASSES
from pneumoscope.imaging import read, to_input
from pneumoscope.model.score import pneumonia_score
from pneumoscope.training.run import load_finished, load_model, scored

run = load_finished(Path(sys.argv[1]))
model = load_model(run)
films, _ = scored(run.folder, "validation")
images = [Image.fromarray(to_input(read(film.path))) for film in films]
classes = np.array([list(CLASSES).index(film.subtype or film.label) for film in films])
ill = classes > 0
for size in (128, 144, 160, 192, 224):
    x = np.stack([np.asarray(i.resize((size, size), Image.Resampling.BILINEAR), dtype=np.float32) for i in images])
    parts = [np.asarray(model.predict_on_batch(x[i : i + 32, ..., None])) for i in range(0, len(x), 32)]
    logits = np.concatenate(parts).astype(np.float64)
    score = pneumonia_score(logits)[:, None]
    p = LogisticRegression(C=1e6, class_weight="balanced").fit(score, ill).predict_proba(score)[:, 1]
    loss = -np.average(np.where(ill, np.log(p), np.log(1 - p)), weights=np.where(ill, 0.5 / ill.mean(), 0.5 / (1 - ill.mean())))
    row = measured(Scores(classes.astype(str), classes.astype(str), classes, logits))
    print(size, f"calibrated {loss:.4f}", {name: round(value, 4) for name, value in row.items()}, flush=True)
