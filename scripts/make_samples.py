"""Draw the bundled samples from ``pneumoscope.data.synthetic`` and write down what is known about them.

    python scripts/make_samples.py --seed 7 --films ../shared/datasets/chest_xray --told-apart

A fixed number of films of each kind is drawn. With a released bundle, each is screened and ``samples.json`` says how
many the model told apart; ``--told-apart`` keeps the first of those instead of the first of all. With ``--films`` it
also says how close each sample comes to the nearest real train film, beside how close films of different patients come.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

import pneumoscope
from pneumoscope.data.film import CLASSES
from pneumoscope.data.layout import distinct, load
from pneumoscope.data.synthetic import radiograph
from pneumoscope.errors import BundleError
from pneumoscope.imaging import read, to_input
from pneumoscope.screening.result import Screening

SAMPLES = Path(pneumoscope.__file__).with_name("samples")
NOTICE = "Synthetic images drawn from a statistical model. They show no patient and prove nothing about accuracy."
MEASURES = {
    "whole": "correlation of the grey values, films reduced to 112 x 112",
    "detail": "the same after a Gaussian blur of 3 pixels is taken away: ribs and vessels, what tells children apart",
}


@dataclass
class Draw:
    """One synthetic film and what the model says of it."""

    kind: str
    pixels: NDArray[np.uint8]
    screening: Screening | None

    @property
    def told_apart(self) -> bool:
        """Whether the finding, and for a pneumonia the likelier pathogen, is what the film was made as."""
        said = self.screening
        if said is None or said.probability is None or said.viral_probability is None:
            return False
        if self.kind == "normal":
            return said.finding == "normal"
        viral = said.viral_probability > said.probability / 2
        return said.finding == "pneumonia" and viral == (self.kind == "viral")


def features(film: NDArray[np.uint8], measure: str) -> NDArray[np.float32]:
    """Unit vector whose dot product with another film's is their correlation."""
    image = Image.fromarray(film).resize((112, 112), Image.Resampling.BILINEAR)
    values = np.asarray(image, np.float32)
    if measure == "detail":
        values = values - np.asarray(image.filter(ImageFilter.GaussianBlur(3)), np.float32)
    values = values.ravel() - values.mean()
    return values / np.linalg.norm(values)


def nearest(samples: list[Draw], folder: Path) -> tuple[dict[str, Any], list[dict[str, float]]]:
    """Correlation with the nearest train film: of other patients' films among each other, and of every sample."""
    films = [film for film in distinct(load(folder)).values() if film.split == "train"]
    pixels = [to_input(read(film.path)) for film in films]
    patients = np.unique([film.patient for film in films], return_inverse=True)[1]
    real_to_real: dict[str, Any] = {}
    own: list[dict[str, float]] = [{} for _ in samples]
    for measure in MEASURES:
        real = np.stack([features(film, measure) for film in pixels])
        between = real @ real.T
        between[patients[:, None] == patients[None, :]] = -1
        closest = between.max(axis=1)
        points = {"median": np.median(closest), "p95": np.quantile(closest, 0.95), "max": closest.max()}
        real_to_real[measure] = {name: round(float(value), 3) for name, value in points.items()}
        drawn = np.stack([features(draw.pixels, measure) for draw in samples])
        for entry, value in zip(own, (drawn @ real.T).max(axis=1), strict=True):
            entry[measure] = round(float(value), 3)
    summary = {"films": len(films), "measures": MEASURES, "between_patients": real_to_real}
    return summary, own


def drawn(kind: str, count: int, rng: np.random.Generator) -> list[Draw]:
    """Draw films and, if a bundle is released, screen them."""
    films = [radiograph(kind, rng) for _ in range(count)]
    try:
        screener = pneumoscope.load()
    except BundleError as missing:
        print(f"No model is asked: {missing}")
        return [Draw(kind, film, None) for film in films]
    return [Draw(kind, film, screener.screen(film)) for film in films]


def entry(draw: Draw) -> dict[str, Any]:
    """What samples.json says of one sample."""
    said = draw.screening
    if said is None or said.probability is None or said.viral_probability is None:
        return {"made_as": draw.kind}
    return {
        "made_as": draw.kind,
        "finding": said.finding,
        "probability": round(said.probability, 4),
        "viral_probability": round(said.viral_probability, 4),
    }


def write(kept: dict[str, Draw], report: dict[str, Any]) -> None:
    """Replace the bundled samples."""
    SAMPLES.mkdir(exist_ok=True)
    for old in SAMPLES.glob("*.png"):
        old.unlink()
    for name, draw in kept.items():
        Image.fromarray(draw.pixels).save(SAMPLES / name, optimize=True)
    (SAMPLES / "samples.json").write_text(json.dumps(report, indent=2) + "\n")


def main() -> None:
    """Draw, choose, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, nargs=3, default=(4, 3, 3), metavar=("NORMAL", "BACTERIAL", "VIRAL"))
    parser.add_argument("--draws", type=int, default=50, help="films drawn of each kind (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--films", type=Path, help="the chest_xray folder, to measure the nearest train film")
    parser.add_argument("--told-apart", action="store_true", help="keep only draws that the released model tells apart")
    options = parser.parse_args()

    rng = np.random.default_rng(options.seed)
    kept: dict[str, Draw] = {}
    counts = {}
    model = None
    for kind, count in zip(CLASSES, options.count, strict=True):
        draws = drawn(kind, options.draws, rng)
        apart = [draw for draw in draws if draw.told_apart]
        chosen = (apart if options.told_apart else draws)[:count]
        if len(chosen) < count:
            raise SystemExit(f"Only {len(chosen)} of {len(draws)} {kind} draws can be kept; {count} are wanted.")
        kept |= {f"synthetic-{kind}-{number}.png": draw for number, draw in enumerate(chosen, 1)}
        model = draws[0].screening and draws[0].screening.model
        counts[kind] = {"drawn": len(draws), "told_apart": len(apart) if model else None, "kept": count}
        print(f"{kind}: {counts[kind]}")

    samples = {name: entry(draw) for name, draw in kept.items()}
    report = {
        "notice": NOTICE,
        "seed": options.seed,
        "model": model and {"name": model.name, "version": model.version, "sha256": model.sha256},
        "kept": "the first that the model told apart" if options.told_apart else "the first drawn",
        "draws": counts,
        "nearest_train_film": None,
        "samples": samples,
    }
    if options.films:
        report["nearest_train_film"], values = nearest(list(kept.values()), options.films)
        for sample, value in zip(samples.values(), values, strict=True):
            sample["nearest_train_film"] = value
    write(kept, report)


if __name__ == "__main__":
    main()
