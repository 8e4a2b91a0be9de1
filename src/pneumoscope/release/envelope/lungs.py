"""Fit the lung map: which cells of a radiograph are lung, from masks that people drew."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pneumoscope.errors import DataError
from pneumoscope.imaging import Radiograph
from pneumoscope.imaging.bars import film_frame
from pneumoscope.network.envelope import LungHead
from pneumoscope.tables import read_records

CELLS = 100_000
"""At most as many cells are fitted to; more change nothing but the time."""


@dataclass(frozen=True)
class MaskedRadiograph:
    """A radiograph and where its lungs are.

    Attributes:
        path: of the radiograph.
        mask: of the mask, white where lung is; of the radiograph's aspect ratio before it was resized.
    """

    path: Path
    mask: Path

    def shares(self, side: int, radiograph: Radiograph) -> NDArray[np.float32]:
        """How much of each cell is lung: float32 (side, side), 0..1.

        Args:
            side: of the map, in cells.
            radiograph: the one that is masked, read; what is cut off it (``imaging.bars``) is cut off the mask too.
        """
        (height, width), frame = radiograph.pixels.shape, film_frame(radiograph.pixels)
        with Image.open(self.mask) as image:
            x, y = image.width / width, image.height / height
            box = (frame.left * x, frame.top * y, frame.right * x, frame.bottom * y)
            cells = image.convert("L").resize((side, side), Image.Resampling.BOX, box)
        return np.asarray(cells, np.float32) / np.float32(255)


def list_masked(table: Path, films: Path) -> list[MaskedRadiograph]:
    """Read a table of masks: columns film and mask; label too where the films lie in a folder of that name.

    Args:
        table: a CSV file beside the masks.
        films: the folder that the films' names begin at.

    Raises:
        DataError: the table cannot be read, or names a file that is not there.
    """
    rows = read_records(table, ("film", "mask"), ("label",))
    found = [MaskedRadiograph(films / row["label"] / row["film"], table.parent / row["mask"]) for row in rows]
    missing = [path for pair in found for path in (pair.path, pair.mask) if not path.is_file()]
    if missing:
        raise DataError(f"{table}: {missing[0]} does not exist, nor do {len(missing) - 1} others")
    return found


def fit_lungs(cells: NDArray[np.floating], shares: NDArray[np.float32]) -> LungHead:
    """Fit logistic regression from a cell's features to the share of it that is lung.

    Args:
        cells: (N, Q, Q, 1024), features of the cells of N radiographs.
        shares: float32 (N, Q, Q), 0..1.
    """
    from sklearn.linear_model import LogisticRegression

    flat, target = cells.reshape(-1, cells.shape[-1]), shares.reshape(-1)
    chosen = np.random.default_rng(0).permutation(len(flat))[:CELLS]
    flat, target = flat[chosen].astype(np.float32), target[chosen]
    mean, scale = flat.mean(0), flat.std(0) + 1e-3
    standard = (flat - mean) / scale
    # A share s is the same likelihood as s times a cell of lung and 1 - s times one of none.
    model = LogisticRegression(C=1e-3, max_iter=100, tol=1e-3)
    model.fit(np.concatenate([standard, standard]), np.repeat([1, 0], len(flat)), np.concatenate([target, 1 - target]))
    kernel = (model.coef_[0] / scale).astype(np.float32)
    return LungHead(kernel, float(model.intercept_[0] - kernel @ mean))
