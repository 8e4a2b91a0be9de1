"""How much each radiograph counts, so that neither its class nor where it comes from is told by numbers."""

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float32]


def balanced_weights(positive: NDArray[np.bool_], sources: NDArray[np.str_], trust: NDArray[np.float64]) -> Weights:
    """Weights (N,) of 1 on average under which both classes count the same, and so they do within a source.

    A source counts with the root of its trust in sum, half for each of its classes. Sources with one class give equal
    parts of both classes together, because each alone tells the class. Where they all have the same class, the other
    sources make up for it.

    Args:
        positive: (N,) labelled pneumonia; both classes must be there.
        sources: (N,) where each comes from.
        trust: (N,) above 0, how much its label is trusted; within a source and class, weights go with it.
    """
    parts = {(source, label): (sources == source) & (positive == label) for source, label in _kinds(sources, positive)}
    sizes = {source: np.sqrt(trust[sources == source].sum()) for source, _ in parts}
    alone = {label: [s for s, own in parts if own == label and (s, not label) not in parts] for label in (False, True)}
    totals = {label: sum(sizes[source] for source in found) for label, found in alone.items()}
    weights = np.zeros(len(positive))
    for (source, label), chosen in parts.items():
        share = sizes[source] / 2
        if source in alone[label] and min(totals.values()) > 0:
            share = sizes[source] / totals[label] * sum(totals.values()) / 4
        weights[chosen] = share * trust[chosen] / trust[chosen].sum()
    for label in (False, True):
        weights[positive == label] *= len(positive) / 2 / weights[positive == label].sum()
    return weights.astype(np.float32)


def _kinds(sources: NDArray[np.str_], positive: NDArray[np.bool_]) -> list[tuple[str, bool]]:
    return sorted({(str(source), bool(label)) for source, label in zip(sources, positive, strict=True)})
