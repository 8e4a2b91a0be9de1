"""Draw the bundled samples from ``pneumoscope.data.synthetic`` and write down what is known about them.

    python scripts/make_samples.py --seed 7 --films ../shared/datasets/chest_xray --told-apart

A fixed number of films of each kind is drawn. With a released bundle each is screened, and ``samples.json`` says what
the model took all of them for; ``--told-apart`` keeps the first that it took for what they are, else the first of all.
With ``--films`` a draw is dropped that comes closer to a real train film than all but 1 in 20 real films come to
another patient's, and ``samples.json`` says how many were, and how close the kept ones come.
"""

import argparse
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

import pneumoscope
from pneumoscope.data import synthetic
from pneumoscope.data.layout import distinct, load
from pneumoscope.decision.labels import CLASSES
from pneumoscope.errors import BundleError
from pneumoscope.imaging import read, to_input
from pneumoscope.screening.result import Screening
from pneumoscope.screening.screener import Screener

SAMPLES = Path(pneumoscope.__file__).with_name("samples")
NOTICE = "Synthetic images drawn from a statistical model. They show no patient and prove nothing about accuracy."
MEASURES = {
    "whole": "correlation of the grey values, films reduced to 112 x 112",
    "detail": "the same after a Gaussian blur of 3 pixels is taken away: ribs and vessels, what tells children apart",
}


@dataclass
class Draw:
    """One synthetic film, what the model says of it and how close it comes to a real one."""

    kind: str
    pixels: NDArray[np.uint8]
    screening: Screening | None
    nearest: dict[str, float] | None
    too_close: bool

    @property
    def taken_for(self) -> str | None:
        """The class the model decided for: the finding, and for a pneumonia the likelier pathogen."""
        said = self.screening
        if said is None or said.probability is None or said.viral_probability is None:
            return None
        if said.finding == "normal":
            return "normal"
        return "viral" if said.viral_probability > said.probability / 2 else "bacterial"

    def entry(self) -> dict[str, Any]:
        """What samples.json says of it."""
        said = self.screening
        model = said and {name: round(getattr(said, name), 4) for name in ("probability", "viral_probability")}
        return {"made_as": self.kind, "taken_for": self.taken_for, **(model or {}), "nearest_train_film": self.nearest}


class RealFilms:
    """The train films, to compare with.

    Attributes:
        summary: how close each film comes to the nearest film of another patient.
    """

    def __init__(self, folder: Path) -> None:
        films = [film for film in distinct(load(folder)).values() if film.split == "train"]
        pixels = [to_input(read(film.path)) for film in films]
        patients = np.unique([film.patient for film in films], return_inverse=True)[1]
        same = patients[:, None] == patients[None, :]
        self._features = {measure: np.stack([features(film, measure) for film in pixels]) for measure in MEASURES}
        between = {}
        for measure, real in self._features.items():
            closest = np.where(same, -1, real @ real.T).max(axis=1)
            points = {"median": np.median(closest), "p95": np.quantile(closest, 0.95), "max": closest.max()}
            between[measure] = {name: round(float(value), 3) for name, value in points.items()}
        self.summary = {"films": len(films), "measures": MEASURES, "between_patients": between}

    def nearest(self, film: NDArray[np.uint8]) -> dict[str, float]:
        """Correlation of a synthetic film with the train film most like it, by each measure."""
        own = {measure: real @ features(film, measure) for measure, real in self._features.items()}
        return {measure: round(float(values.max()), 3) for measure, values in own.items()}

    def too_close(self, nearest: dict[str, float]) -> bool:
        """Whether that is closer, by either measure, than all but 1 in 20 real films come to another patient's."""
        return any(nearest[measure] >= self.summary["between_patients"][measure]["p95"] for measure in MEASURES)


def features(film: NDArray[np.uint8], measure: str) -> NDArray[np.float32]:
    """Unit vector whose dot product with another film's is their correlation."""
    image = Image.fromarray(film).resize((112, 112), Image.Resampling.BILINEAR)
    values = np.asarray(image, np.float32)
    if measure == "detail":
        values = values - np.asarray(image.filter(ImageFilter.GaussianBlur(3)), np.float32)
    values = values.ravel() - values.mean()
    return values / np.linalg.norm(values)


def released() -> Screener | None:
    """The released model, if there is one."""
    try:
        return pneumoscope.load()
    except BundleError as missing:
        print(f"No model is asked: {missing}")
        return None


def draw(kind: str, rng: np.random.Generator, screener: Screener | None, films: RealFilms | None) -> Draw:
    """Draw one film and judge it."""
    pixels = synthetic.draw(kind, rng)
    nearest = films.nearest(pixels) if films else None
    too_close = bool(films and nearest and films.too_close(nearest))
    return Draw(kind, pixels, screener.screen(pixels) if screener else None, nearest, too_close)


def write(kept: dict[str, Draw], report: dict[str, Any]) -> None:
    """Replace the bundled samples."""
    SAMPLES.mkdir(exist_ok=True)
    for old in SAMPLES.glob("*.png"):
        old.unlink()
    for name, sample in kept.items():
        Image.fromarray(sample.pixels).save(SAMPLES / name, optimize=True)
    (SAMPLES / "samples.json").write_text(json.dumps(report, indent=2) + "\n")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, nargs=3, default=(4, 3, 3), metavar=("NORMAL", "BACTERIAL", "VIRAL"))
    parser.add_argument("--draws", type=int, default=50, help="films drawn of each kind (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--films", type=Path, help="the chest_xray folder, to measure the nearest train film")
    parser.add_argument("--told-apart", action="store_true", help="keep only draws that the released model tells apart")
    return parser.parse_args()


def main() -> None:
    """Draw, judge, choose, write."""
    options = arguments()
    rng = np.random.default_rng(options.seed)
    screener, films = released(), RealFilms(options.films) if options.films else None
    kept: dict[str, Draw] = {}
    counts = {}
    for kind, count in zip(CLASSES, options.count, strict=True):
        draws = [draw(kind, rng, screener, films) for _ in range(options.draws)]
        usable = [one for one in draws if not one.too_close and (one.taken_for == kind or not options.told_apart)]
        if len(usable) < count:
            raise SystemExit(f"Only {len(usable)} of {len(draws)} {kind} draws can be kept; {count} are wanted.")
        kept |= {f"synthetic-{kind}-{number}.png": one for number, one in enumerate(usable[:count], 1)}
        counts[kind] = {
            "drawn": len(draws),
            "taken_for": Counter(one.taken_for for one in draws) if screener else None,
            "too_close_to_a_real_film": sum(one.too_close for one in draws) if films else None,
            "kept": count,
        }
        print(f"{kind}: {counts[kind]}")

    model = next(iter(kept.values())).screening
    rule = "the first that the model took for what they were made as" if options.told_apart else "the first drawn"
    report = {
        "notice": NOTICE,
        "seed": options.seed,
        "model": model and {"name": model.model.name, "version": model.model.version, "sha256": model.model.sha256},
        "kept": f"{rule}, without those too close to a real film" if films else rule,
        "draws": counts,
        "train_films": films and films.summary,
        "samples": {name: sample.entry() for name, sample in kept.items()},
    }
    write(kept, report)


if __name__ == "__main__":
    main()
