"""Shortcut baselines: how well the labels can be told without seeing a lung.

A model takes whatever separates the classes in its training films. If the size of the file or the frame of the film
does, a good test result may owe nothing to the lungs (Geirhos et al. 2020, Shortcut learning in deep neural networks,
doi:10.1038/s42256-020-00257-z). Each baseline here gets one such view and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pneumoscope.extras import needed

ALARM = 0.8
"""AUC above which a shortcut is called one on the audit page."""

BORDER = 0.08
BLURRED_SIDE = 8
FOLDS = 5
_REGULARISATION = 0.01


@dataclass(frozen=True)
class View:
    """What one baseline may look at.

    Attributes:
        name: one of "file_size", "border", "blurred", "sharpness", "dimensions".
        values: float (N, D). One column is ranked as it is; more are given to a logistic regression.
    """

    name: str
    values: NDArray[np.float64]


@dataclass(frozen=True)
class Baseline:
    """What one view reached.

    Attributes:
        name: the view's name.
        train_auc: AUC for pneumonia on the reference films, cross-validated by patient where something was fitted; None
            where it cannot be measured.
        test_auc: AUC on the test films of what was fitted on the reference films; None without test films.
        higher_is: for a single value, the class whose films have the higher one, "pneumonia" or "normal"; else None.
    """

    name: str
    train_auc: float | None
    test_auc: float | None
    higher_is: str | None

    @property
    def alarming(self) -> bool:
        """Whether either AUC exceeds ALARM."""
        return max(self.train_auc or 0.0, self.test_auc or 0.0) > ALARM


@dataclass(frozen=True)
class Reference:
    """Which films a baseline is measured on; row i belongs to film i.

    Attributes:
        positive: bool (N,), labelled pneumonia.
        patients: patient key of each film; films of one patient stay in one fold.
        train: bool (N,), the films to fit and cross-validate on.
        test: bool (N,), the films to apply the fit to; may be all False.
    """

    positive: NDArray[np.bool_]
    patients: Sequence[str]
    train: NDArray[np.bool_]
    test: NDArray[np.bool_]


def laplacian_variance(picture: NDArray[np.uint8]) -> float:
    """Sharpness of a grey picture (H, W): variance of its four-neighbour Laplacian (Pech-Pacheco et al. 2000)."""
    grey = picture.astype(np.float32)
    middle = grey[1:-1, 1:-1]
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * middle
    return float(laplacian.var())


def border(thumbnails: NDArray[np.uint8], share: float = BORDER) -> NDArray[np.uint8]:
    """Blank everything but the outer frame, ``share`` of the side on each side; same shape (N, S, S)."""
    width = max(1, round(thumbnails.shape[1] * share))
    framed = thumbnails.copy()
    framed[:, width:-width, width:-width] = 0
    return framed


def blurred(thumbnails: NDArray[np.uint8], side: int = BLURRED_SIDE) -> NDArray[np.uint8]:
    """Average each film down to ``side`` x ``side`` pixels; thumbnails (N, S, S) with S a multiple of ``side``."""
    count, size, _ = thumbnails.shape
    blocks = thumbnails.reshape(count, side, size // side, side, size // side)
    mean: NDArray[np.float64] = blocks.mean(axis=(2, 4))
    return np.rint(mean).astype(np.uint8)


def views(
    thumbnails: NDArray[np.uint8],
    file_bytes: NDArray[np.int64],
    dimensions: NDArray[np.int64],
    sharpness: NDArray[np.float64],
) -> list[View]:
    """Everything about N films that is not their lungs.

    Args:
        thumbnails: uint8 (N, S, S), S a multiple of BLURRED_SIDE.
        file_bytes: (N,) sizes of the files.
        dimensions: (N, 2) height and width in pixels as the file holds them. Left out where all films are alike.
        sharpness: (N,) :func:`laplacian_variance` of each film at one common size.
    """
    count = len(thumbnails)
    framed = border(thumbnails).reshape(count, -1)
    result = [
        View("file_size", file_bytes.reshape(count, 1).astype(np.float64)),
        View("border", framed[:, framed.any(axis=0)].astype(np.float64)),
        View("blurred", blurred(thumbnails).reshape(count, -1).astype(np.float64)),
        View("sharpness", sharpness.reshape(count, 1)),
    ]
    if len(np.unique(dimensions, axis=0)) > 1:
        height, width = np.log(dimensions.astype(np.float64)).T
        result.append(View("dimensions", np.column_stack([height, width, width - height])))
    return result


def measure(view: View, reference: Reference) -> Baseline:
    """Measure one view: ranked directly (one column), or by a regularised logistic regression (more).

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    train, test = reference.train, reference.test
    if not _both_classes(reference.positive[train]):
        return Baseline(view.name, None, None, None)
    can_test = _both_classes(reference.positive[test])
    if view.values.shape[1] == 1:
        return _ranked(view, reference, can_test)
    truth = reference.positive[train]
    patients = np.asarray(reference.patients)[train]
    out_of_fold = _cross_validated(view.values[train], truth, patients)
    train_auc = None if out_of_fold is None else auc(truth, out_of_fold)
    test_auc = None
    if can_test:
        model = classifier().fit(view.values[train], truth)
        test_auc = auc(reference.positive[test], model.decision_function(view.values[test]))
    return Baseline(view.name, train_auc, test_auc, None)


def auc(positive: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """Area under the ROC curve of a score (N,) for the positives (N,)."""
    return float(learner().metrics.roc_auc_score(positive, score))


def learner() -> Any:  # scikit-learn has no types
    """Import scikit-learn, or say how to get it.

    Raises:
        MissingExtraError: it is not installed.
    """
    with needed("Measuring shortcuts", "evaluate"):
        import sklearn.linear_model
        import sklearn.metrics
        import sklearn.model_selection
        import sklearn.pipeline
        import sklearn.preprocessing
    return sklearn


def _ranked(view: View, reference: Reference, can_test: bool) -> Baseline:
    """A single value has nothing to fit but its direction, which the reference films decide."""
    values, train, test = view.values[:, 0], reference.train, reference.test
    train_auc = auc(reference.positive[train], values[train])
    sign = 1.0 if train_auc >= 0.5 else -1.0
    test_auc = auc(reference.positive[test], sign * values[test]) if can_test else None
    return Baseline(view.name, max(train_auc, 1 - train_auc), test_auc, "pneumonia" if sign > 0 else "normal")


def _cross_validated(
    values: NDArray[np.float64], positive: NDArray[np.bool_], patients: NDArray[np.str_]
) -> NDArray[np.float64] | None:
    """Out-of-fold scores (N,), no patient on both sides of a fold; None with too few patients of a class."""
    sklearn = learner()
    if min(len(set(patients[positive])), len(set(patients[~positive]))) < FOLDS:
        return None
    folds = sklearn.model_selection.StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    scores = np.zeros(len(values))
    for fit, held_out in folds.split(values, positive, patients):
        scores[held_out] = classifier().fit(values[fit], positive[fit]).decision_function(values[held_out])
    return scores


def classifier() -> Any:
    """A regularised logistic regression on standardised values, whose classes weigh the same.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    sklearn = learner()
    return sklearn.pipeline.make_pipeline(
        sklearn.preprocessing.StandardScaler(),
        sklearn.linear_model.LogisticRegression(C=_REGULARISATION, class_weight="balanced", max_iter=200),
    )


def _both_classes(positive: NDArray[np.bool_]) -> bool:
    return bool(positive.any() and not positive.all())
