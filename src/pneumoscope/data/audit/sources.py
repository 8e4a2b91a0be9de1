"""How well the source of a radiograph tells its class, and how well the radiograph tells its source.

Where both are so, a network can be right without having learned the disease: it reads where the radiograph comes from
(Zech et al. 2018, doi:10.1371/journal.pmed.1002683).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pneumoscope.data.audit.shortcuts import FOLDS, View, auc, classifier, learner
from pneumoscope.data.labelled import LabelledRadiograph

_FEW = 500
"""Radiographs of a source that are enough to tell it by."""


@dataclass(frozen=True)
class Sources:
    """What the sources say.

    Attributes:
        counts: of each source, its normals and its pneumonias.
        class_auc: AUC of "comes from a source with many pneumonias" for pneumonia, 0.5..1; 0.5 where every source has
            the same share of them.
        told: name of a view -> share of the radiographs whose source it tells, mean over the sources, cross-validated
            by patient; None where a source has too few patients.
        chance: what guessing would reach of that.
    """

    counts: dict[str, tuple[int, int]]
    class_auc: float
    told: dict[str, float | None]
    chance: float


def sources(films: Sequence[LabelledRadiograph], views: Sequence[View]) -> Sources | None:
    """Measure how source, class and radiograph hang together.

    Args:
        films: N of them.
        views: with values (N, D).

    Returns:
        None where all films are of one source, or of one class.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    names = np.array([film.source for film in films])
    positive = np.array([film.positive for film in films], dtype=np.bool_)
    if len(set(names)) < 2 or positive.all() or not positive.any():
        return None
    share = {name: float(positive[names == name].mean()) for name in sorted(set(map(str, names)))}
    numbers = Counter(zip(map(str, names), map(bool, positive), strict=True))
    patients = np.array([film.patient for film in films])
    return Sources(
        counts={name: (numbers[name, False], numbers[name, True]) for name in share},
        class_auc=auc(positive, np.array([share[str(name)] for name in names])),
        told={view.name: _told(view.values, names, patients) for view in views},
        chance=1 / len(share),
    )


def _told(values: NDArray[np.float64], names: NDArray[np.str_], patients: NDArray[np.str_]) -> float | None:
    rng, sklearn = np.random.default_rng(0), learner()
    kept = np.sort(np.concatenate([rng.permutation(np.flatnonzero(names == name))[:_FEW] for name in np.unique(names)]))
    values, names, patients = values[kept], names[kept], patients[kept]
    if min(len(set(patients[names == name])) for name in np.unique(names)) < FOLDS:
        return None
    said = np.empty_like(names)
    folds = sklearn.model_selection.StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    for fit, held_out in folds.split(values, names, patients):
        said[held_out] = classifier().fit(values[fit], names[fit]).predict(values[held_out])
    return float(np.mean([(said[names == name] == name).mean() for name in np.unique(names)]))
