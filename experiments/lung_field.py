"""Draw the lung template over the mean of the normal training radiographs and over single ones.

    python -m experiments.lung_field --out FILE.png [--data DIR]

The template was drawn by eye on this picture. Run it to judge the template, or after a corner was moved in
``imaging/lung_field.py``. Patients are on the picture, so it belongs in no repository.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from experiments.command import output
from lab import machine
from pneumoscope.data.layout import load
from pneumoscope.data.splits import divided
from pneumoscope.errors import PneumoscopeError
from pneumoscope.imaging import INPUT_SIZE, read, to_input
from pneumoscope.imaging.lung_field import OUTLINES, lung_field

SINGLES = 6
_SCALE = 2  # of single radiographs; the mean is drawn as high as two of them


def outlined(pixels: NDArray[np.uint8], scale: int) -> Image.Image:
    """Enlarge a radiograph (224, 224) and draw the outline over it."""
    side = scale * INPUT_SIZE
    image = Image.fromarray(pixels).resize((side, side), Image.Resampling.BILINEAR).convert("RGB")
    draw = ImageDraw.Draw(image)
    for outline in OUTLINES:
        corners = [(side * x, side * y) for x, y in outline]
        draw.line([*corners, corners[0]], fill=(255, 180, 0), width=scale)
    return image


def picture(radiographs: list[NDArray[np.uint8]]) -> Image.Image:
    """Show the mean of radiographs (224, 224), its grey stretched, beside six of them, evenly over the list."""
    mean = np.mean(radiographs, axis=0)
    stretched = np.rint(255 * (mean - mean.min()) / np.ptp(mean)).astype(np.uint8)
    side = _SCALE * INPUT_SIZE
    canvas = Image.new("RGB", ((2 + SINGLES // 2) * side, 2 * side))
    canvas.paste(outlined(stretched, 2 * _SCALE), (0, 0))
    for place, one in enumerate(radiographs[:: len(radiographs) // SINGLES][:SINGLES]):
        canvas.paste(outlined(one, _SCALE), ((2 + place // 2) * side, place % 2 * side))
    return canvas


def main(arguments: list[str] | None = None) -> None:
    """Read the normal radiographs of the training side and write the picture."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.lung_field", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--out", type=output, required=True, help="the picture to write; never into the repository")
    parser.add_argument("--data", type=Path, help="labelled radiographs, as for training (default: chest_xray)")
    asked = parser.parse_args(arguments)
    try:
        every = divided(load(asked.data or machine.data("chest_xray"))).values()
        normal = [one for one in every if one.split == "train" and not one.positive]
        picture([to_input(read(one.path)) for one in normal]).save(asked.out)
    except PneumoscopeError as problem:
        parser.error(str(problem))
    share = lung_field(INPUT_SIZE).mean()
    sys.stdout.write(
        f"wrote {asked.out}: {len(normal)} normal radiographs; the template is {share:.1%} of the square\n"
    )


if __name__ == "__main__":
    main()
