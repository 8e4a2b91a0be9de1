"""What the aspect ratio costs: films of other hospitals squeezed into a square, padded to one, or cropped to one.

    python -m experiments.hospitals.checks.aspect BUNDLE.onnx --lungs FOLDER --out RECORD.json

Screening squeezes. The threshold is the default of the bundle, whose network was trained on squeezed films. Home is
left out, because its films were published squeezed.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from experiments.command import output
from experiments.hospitals.decision import default_score
from experiments.hospitals.line import read_card
from experiments.hospitals.measure import by_group, cell, measure
from experiments.hospitals.sources import HOME, held_out_films, path_of
from lab.held_out import session
from lab.machine import write_record
from pneumoscope.decision.score import pneumonia_score
from pneumoscope.imaging import INPUT_SIZE, read
from pneumoscope.imaging.bars import without_bars
from pneumoscope.imaging.preprocess import to_8_bit
from pneumoscope.imaging.radiograph import Pixels

WAYS = ("squeezed", "padded", "cropped")


def squared(pixels: Pixels, way: str) -> Pixels:
    """A film (height, width) as it is, between black bars that make it square, or its central square."""
    height, width = pixels.shape
    if way == "padded":
        more = [(abs(height - width) * (side < max(height, width))) for side in (height, width)]
        return np.pad(pixels, [(each // 2, each - each // 2) for each in more]).astype(np.float32)
    if way == "cropped":
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        return pixels[top : top + side, left : left + side]
    return pixels


def seen(pixels: Pixels, way: str) -> NDArray[np.uint8]:
    """What the network gets, resized as ``to_input`` does, which would cut the padding off again."""
    image = Image.fromarray(np.ascontiguousarray(squared(pixels, way))).convert("F")
    return to_8_bit(np.asarray(image.resize((INPUT_SIZE, INPUT_SIZE), Image.Resampling.BILINEAR)))


def main() -> None:
    """Score in each way, write, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--lungs", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--out", type=output, required=True, metavar="RECORD.json")
    options = parser.parse_args()
    films = [film for film in held_out_films() if film.source != HOME]
    opened, card = session(options.bundle, 2), read_card(options.bundle)
    threshold = default_score(card.rule)
    logits: dict[str, list[NDArray[np.float32]]] = {way: [] for way in WAYS}
    for film in films:
        pixels = without_bars(read(path_of(film, options.lungs)).pixels)
        for way in WAYS:
            logits[way].append(opened.run(seen(pixels, way)[None])[0])
    scores = {way: pneumonia_score(np.concatenate(found)).astype(np.float64) for way, found in logits.items()}
    rows = {way: measure(films, found, threshold) for way, found in scores.items()}
    write_record(options.out, {"model": card.version, "ways": rows})
    for way in WAYS:
        print(
            way, *(f"{source} {cell(by_group(rows[way])[source, 'all']['auc'], 3)}" for source in ("nih", "rsna_lungs"))
        )


if __name__ == "__main__":
    main()
