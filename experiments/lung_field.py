"""Draw the lung field's outline over the mean of the normal training films and over single ones.

    python experiments/lung_field.py --out FILE.png [--data DIR]

The outline was drawn by eye on this picture; run it again to judge it, or after moving a corner of
``imaging/lung_field.py``. Patients' films are on it, so it is written where you say and belongs in no repository.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))  # machine.py lies there
import machine

from pneumoscope.data.layout import load
from pneumoscope.data.splits import divided
from pneumoscope.imaging import INPUT_SIZE, read, to_input
from pneumoscope.imaging.lung_field import OUTLINES, lung_field

SINGLES = 6
_SCALE = 2  # of single films; the mean is drawn as high as two of them


def outlined(film: NDArray[np.uint8], scale: int) -> Image.Image:
    """Enlarge a film (224, 224) and draw the outline over it."""
    side = scale * INPUT_SIZE
    image = Image.fromarray(film).resize((side, side), Image.Resampling.BILINEAR).convert("RGB")
    draw = ImageDraw.Draw(image)
    for outline in OUTLINES:
        corners = [(side * x, side * y) for x, y in outline]
        draw.line([*corners, corners[0]], fill=(255, 180, 0), width=scale)
    return image


def picture(films: list[NDArray[np.uint8]]) -> Image.Image:
    """Show the mean of films (224, 224), its grey stretched, beside six of them, evenly over the list."""
    mean = np.mean(films, axis=0)
    stretched = np.rint(255 * (mean - mean.min()) / np.ptp(mean)).astype(np.uint8)
    side = _SCALE * INPUT_SIZE
    canvas = Image.new("RGB", ((2 + SINGLES // 2) * side, 2 * side))
    canvas.paste(outlined(stretched, 2 * _SCALE), (0, 0))
    for place, film in enumerate(films[:: len(films) // SINGLES][:SINGLES]):
        canvas.paste(outlined(film, _SCALE), ((2 + place // 2) * side, place % 2 * side))
    return canvas


def main(data: Path, out: Path) -> None:
    """Read the normal films of train's training side and write the picture."""
    normal = [film for film in divided(load(data)).values() if film.split == "train" and not film.positive]
    picture([to_input(read(film.path)) for film in normal]).save(out)
    share = lung_field(INPUT_SIZE).mean()
    sys.stdout.write(f"wrote {out}: {len(normal)} normal films; the outline holds {share:.1%} of the square\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="the picture to write; never into the repository")
    parser.add_argument("--data", type=Path, default=machine.DATA / "chest_xray")
    options = parser.parse_args()
    main(options.data, options.out)
