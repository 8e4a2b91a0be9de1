"""What the aspect ratio costs: films of other hospitals squeezed into a square, padded to one, or cropped to one.

    python -m experiments.hospitals.checks.aspect BUNDLE.onnx --lungs FOLDER --out RECORD.json

Screening squeezes. The threshold is the default of the bundle, whose network was trained on squeezed films. Home is
left out, because its films were published squeezed.
"""

import numpy as np
from numpy.typing import NDArray

from experiments.hospitals.checks.options import parse_bundle
from experiments.hospitals.decision import default_score
from experiments.hospitals.line import read_card
from experiments.hospitals.measure import by_group, cell, measure
from experiments.hospitals.sources import HOME, held_out_films, path_of
from lab.held_out import session
from lab.machine import write_record
from pneumoscope.decision.score import pneumonia_score
from pneumoscope.imaging import INPUT_SIZE, read
from pneumoscope.imaging.bars import without_bars
from pneumoscope.imaging.preprocess import squeezed
from pneumoscope.imaging.radiograph import Pixels

WAYS = ("squeezed", "padded", "cropped")


def squared(pixels: Pixels, way: str) -> Pixels:
    """A film (height, width) as it is, between black bars that make it square, or its central square.

    The bars must stay, so the network's input of it is ``squeezed`` and not ``to_input``, which would cut them off.
    """
    height, width = pixels.shape
    if way == "padded":
        more = [(abs(height - width) * (side < max(height, width))) for side in (height, width)]
        return np.pad(pixels, [(each // 2, each - each // 2) for each in more]).astype(np.float32)
    if way == "cropped":
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        return pixels[top : top + side, left : left + side]
    return pixels


def main() -> None:
    """Score in each way, write, tell."""
    options = parse_bundle(__doc__)
    films = [film for film in held_out_films() if film.source != HOME]
    opened, card = session(options.bundle, 2), read_card(options.bundle)
    threshold = default_score(card.rule)
    logits: dict[str, list[NDArray[np.float32]]] = {way: [] for way in WAYS}
    for film in films:
        pixels = without_bars(read(path_of(film, options.lungs)).pixels)
        for way in WAYS:
            logits[way].append(opened.run(squeezed(squared(pixels, way), INPUT_SIZE)[None])[0])
    scores = {way: pneumonia_score(np.concatenate(found)).astype(np.float64) for way, found in logits.items()}
    rows = {way: measure(films, found, threshold) for way, found in scores.items()}
    write_record(options.out, {"model": card.version, "ways": rows})
    for way in WAYS:
        found = by_group(rows[way])
        print(way, *(f"{source} {cell(found[source, 'all']['auc'], 3)}" for source in ("nih", "rsna_lungs")))


if __name__ == "__main__":
    main()
