"""Logits of films under a bundle, or of a finished run."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from experiments.command import told
from experiments.hospitals.sources import Film, path_of
from lab.held_out import session
from pneumoscope.imaging import read, to_input
from pneumoscope.training.run_folder import load_finished


def score_bundle(bundle: Path, films: list[Film], lungs: Path) -> NDArray[np.floating]:
    """Logits (N, 3) of films under a bundle; ``lungs`` is for copies of cut-out lungs."""
    opened, logits = session(bundle, 1), []
    for done, film in enumerate(films, 1):
        logits.append(opened.run(to_input(read(path_of(film, lungs)))[None])[0])
        if done % 100 == 0:
            told("films", done, len(films))
    return np.concatenate(logits)


def scores_of_run(run: Path, films: list[Film], lungs: Path) -> NDArray[np.floating]:
    """Logits (N, 3) that a finished run kept of its validation films.

    Raises:
        KeyError: a film is none of them.
    """
    finished = load_finished(run)
    kept = {one.path: logits for one, logits in zip(finished.radiographs, finished.logits, strict=True)}
    return np.array([kept[path_of(film, lungs).absolute()] for film in films])
