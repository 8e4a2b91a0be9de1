"""Which filter turns a film as first published into its published 224 x 224 version?

    python scripts/measure_resampling.py ../shared/datasets

Prints, for each of Pillow's filters, with its antialiasing and without, the mean absolute difference in grey levels
over the films that exist at both sizes (mean over films, and the worst film).
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from pneumoscope.imaging import INPUT_SIZE, read

FILTERS = ("NEAREST", "BOX", "BILINEAR", "HAMMING", "BICUBIC", "LANCZOS")
# Pillow's affine transform takes the same filters without widening them for a reduction.
PLAIN = ("BILINEAR", "BICUBIC")


def resized(image: Image.Image, name: str, antialiased: bool) -> np.ndarray:
    """Reduce a float film to the model's input."""
    size, method = (INPUT_SIZE, INPUT_SIZE), Image.Resampling[name]
    if antialiased:
        return np.asarray(image.resize(size, method))
    scale_x, scale_y = image.width / INPUT_SIZE, image.height / INPUT_SIZE
    return np.asarray(image.transform(size, Image.Transform.AFFINE, (scale_x, 0, 0, 0, scale_y, 0), method))


def main(root: Path) -> None:
    """Print the table, best filter first."""
    originals = sorted((root / "original_resolution").rglob("*.jpeg"))
    twins = {path.name: path for path in (root / "chest_xray").rglob("*.jpeg")}
    differences: dict[str, list[float]] = {}
    for path in originals:
        film, published = Image.fromarray(read(path).pixels).convert("F"), read(twins[path.name]).pixels
        for name, antialiased in [(name, True) for name in FILTERS] + [(name, False) for name in PLAIN]:
            row = name if antialiased else f"{name}, plain"
            difference = float(np.abs(resized(film, name, antialiased).clip(0, 255) - published).mean())
            differences.setdefault(row, []).append(difference)
    print(f"{len(originals)} films\nfilter             mean  worst film")
    for row, values in sorted(differences.items(), key=lambda item: float(np.mean(item[1]))):
        print(f"{row:<17}{np.mean(values):6.2f}{max(values):12.2f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
