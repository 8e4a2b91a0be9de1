"""Fit the appearance model behind ``pneumoscope.data.synthetic`` on the real TRAIN films.

    pip install opencv-python-headless scikit-learn
    python scripts/make_synthetic_model.py ../shared/datasets/chest_xray

An active appearance model (Cootes, Edwards and Taylor 2001): every film is warped onto one unbiased template, then the
warps and the aligned greys are described by a mean and a few principal components with a Gaussian per class
(probabilistic PCA, Tipping and Bishop 1999). No film is stored: means and components are sums over two thousand films.
Takes about five minutes on one core.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.utils.extmath import randomized_svd

from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.data.layout import distinct, load
from pneumoscope.data.synthetic import COARSE, DETAIL, MODEL, SIDE, WARP
from pneumoscope.decision.labels import CLASSES
from pneumoscope.imaging import read, to_input

Floats = NDArray[np.float32]

DETAIL_SIGMA = 3.5
"""Pixels. What a Gaussian of this width removes is detail: the edges of ribs, and vessels."""
COMPONENTS = {"warp": 20, "coarse": 48, "detail": 24}
PER_CLASS = 800
"""Films drawn of each class, so that no class rules the components that all share."""
SEVERITY = 2.0
"""How far a class's mean is moved away from the middle of the three. At 1 a checkpoint of our own training run took
most viral draws for normal; 2 told most apart and was kept. So what a model says of the draws is no evidence for it."""
BEST = 0.8
"""Share of each class's films that is kept: those that fit the template best. The rest align too badly to add up."""
ROUNDS = [(24, 16, 12)] * 2 + [(16, 12, 8)] * 2 + [(16, 10, 6)] * 2 + [(16, 10, 6, 5)] * 2
"""Smoothing of the warp, in pixels, for each pass of each round of template building."""
CHEST = (slice(20, 210), slice(24, 200))
GRID = np.stack(np.meshgrid(np.arange(SIDE, dtype=np.float32), np.arange(SIDE, dtype=np.float32)), axis=-1)


def blur(image: Floats, sigma: float) -> Floats:
    """Smooth with a Gaussian."""
    return cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)


def moved(image: NDArray, flow: Floats) -> NDArray:
    """Sample ``image`` at every pixel's place plus ``flow`` (x, y)."""
    return cv2.remap(image, GRID + flow, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def contrast(image: Floats) -> NDArray[np.uint8]:
    """Even out brightness and contrast, so that ribs count the same in a clear and in a white lung."""
    band = blur(image, 1.2) - blur(image, 24)
    return np.clip(128 + 50 * band / (np.sqrt(blur(band * band, 24)) + 8), 0, 255).astype(np.uint8)


def as_template(mean: Floats) -> NDArray[np.uint8]:
    """Give an average the contrast of a film again."""
    return contrast(np.clip(128 + 40 * (mean - mean.mean()) / mean.std(), 0, 255).astype(np.float32))


def register(film: NDArray[np.uint8], template: NDArray[np.uint8], smoothing: tuple[int, ...]) -> Floats:
    """The flow that brings a film onto the template: inverse search optical flow (Kroeger et al. 2016), refined."""
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setFinestScale(1)
    flow = np.zeros((SIDE, SIDE, 2), np.float32)
    for sigma in smoothing:
        step = blur(search.calc(template, moved(film, flow), None), 3)
        flow = blur(moved(flow, step) + step, sigma)
    return flow


def agreement(film: NDArray[np.uint8], template: NDArray[np.uint8]) -> float:
    """Correlation inside the chest."""
    return float(np.corrcoef(film[CHEST].ravel(), template[CHEST].ravel())[0, 1])


def build_template(films: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Average films, align them to the average, and again; the mean warp is taken out: no film sets the shape."""
    mean = np.mean(films, axis=0, dtype=np.float32)
    for number, smoothing in enumerate(ROUNDS):
        template = as_template(mean)
        flows = [register(film, template, smoothing) for film in films]
        aligned = [moved(film, flow) for film, flow in zip(films, flows, strict=True)]
        fits = np.array([agreement(film, template) for film in aligned])
        weights = np.clip(fits - np.quantile(fits, 0.3 if number < 4 else 0.6), 0, None)
        mean = np.average(aligned, axis=0, weights=weights).astype(np.float32)
        mean = moved(mean, -np.average(flows, axis=0, weights=weights).astype(np.float32))
        print(f"template round {number + 1} of {len(ROUNDS)}: agreement {fits.mean():.3f}", flush=True)
    return as_template(mean)


def inverse(flow: Floats) -> Floats:
    """The warp from the template back to the film, by fixed-point iteration."""
    back = -flow
    for _ in range(6):
        back = -moved(flow, back)
    return back


def shrunk(image: Floats, side: int) -> Floats:
    """Reduce to ``side`` x ``side`` by averaging."""
    return cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)


def decompose(films: list[NDArray[np.uint8]], template: NDArray[np.uint8]) -> tuple[dict[str, Floats], NDArray]:
    """Align every film; return its warp, coarse and detail parts as rows, and its agreement with the template."""
    rows: dict[str, list[Floats]] = {"warp": [], "coarse": [], "detail": []}
    fits = []
    for number, pixels in enumerate(films):
        even = contrast(pixels.astype(np.float32))
        flow = register(even, template, ROUNDS[-1])
        aligned = moved(pixels.astype(np.float32), flow)
        coarse = blur(aligned, DETAIL_SIGMA)
        rows["warp"].append(shrunk(blur(inverse(flow), 5), WARP).transpose(2, 0, 1).ravel())
        rows["coarse"].append(shrunk(coarse, COARSE).ravel())
        rows["detail"].append(shrunk(aligned - coarse, DETAIL).ravel())
        fits.append(agreement(moved(even, flow), template))
        if number % 1000 == 0:
            print(f"aligned {number} of {len(films)}", flush=True)
    return {name: np.stack(values) for name, values in rows.items()}, np.array(fits)


def principal(rows: Floats, count: int) -> tuple[Floats, Floats, Floats]:
    """Mean, principal components (count, values) and coefficients (films, count)."""
    mean = rows.mean(axis=0)
    _, _, components = randomized_svd(rows - mean, count, n_iter=3, random_state=0)
    return mean, components, (rows - mean) @ components.T


def small(name: str, components: Floats) -> dict[str, NDArray]:
    """Components as int8 with one scale each."""
    scale = np.abs(components).max(axis=1) / 127
    codes = np.rint(components / scale[:, None]).astype(np.int8)
    return {f"{name}_basis": codes, f"{name}_scale": scale.astype(np.float32)}


def texture(residual: Floats) -> dict[str, NDArray]:
    """What the detail components leave: its amplitude over the chest and its radial spectrum, nothing of any film."""
    amplitude = np.sqrt((residual**2).mean(axis=0)).reshape(DETAIL, DETAIL)
    power = np.mean([np.abs(np.fft.fft2(row.reshape(DETAIL, DETAIL))) ** 2 for row in residual[::8]], axis=0)
    frequency = np.hypot(np.fft.fftfreq(DETAIL)[:, None], np.fft.fftfreq(DETAIL)[None, :]) * DETAIL
    bins = np.rint(frequency).astype(int).ravel()
    radial = np.sqrt(np.bincount(bins, power.ravel()) / np.bincount(bins))
    return {
        "texture_amplitude": shrunk(amplitude.astype(np.float32), COARSE).astype(np.float16),
        "texture_spectrum": (radial / radial.max()).astype(np.float32),
    }


def fit(parts: dict[str, Floats], classes: NDArray) -> dict[str, NDArray]:
    """The arrays of the stored model: components of each part, and one Gaussian per class over all coefficients."""
    model: dict[str, NDArray] = {}
    coefficients = []
    for name, rows in parts.items():
        mean, components, own = principal(rows, COMPONENTS[name])
        model |= small(name, components) | {f"{name}_mean": mean.astype(np.float16)}
        coefficients.append(own)
        if name == "detail":
            model |= texture(rows - mean - own @ components)
            model["detail_contrast"] = np.sqrt((rows**2).mean()).astype(np.float32)
    joint = [np.concatenate(coefficients, axis=1)[classes == index] for index in range(len(CLASSES))]
    middle = np.mean([rows.mean(axis=0) for rows in joint], axis=0)
    for kind, rows in zip(CLASSES, joint, strict=True):
        values, vectors = np.linalg.eigh(np.cov(rows, rowvar=False))
        model[f"{kind}_mean"] = (middle + SEVERITY * (rows.mean(axis=0) - middle)).astype(np.float32)
        model[f"{kind}_factor"] = (vectors * np.sqrt(np.clip(values, 0, None))).astype(np.float32)
    return model


def class_of(film: LabelledRadiograph) -> int:
    """Index in CLASSES of a film of the public release."""
    return film.classes.index(True)


def balanced(films: list[LabelledRadiograph], rng: np.random.Generator) -> list[LabelledRadiograph]:
    """The same number of films of every class, drawn at random."""
    classes = np.array([class_of(film) for film in films])
    drawn = [rng.choice(np.flatnonzero(classes == index), PER_CLASS, replace=False) for index in range(len(CLASSES))]
    return [films[index] for index in np.concatenate(drawn)]


def main() -> None:
    """Fit and store."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("films", type=Path, help="the chest_xray folder; only its train split is read")
    parser.add_argument("--out", type=Path, default=MODEL, help="default: %(default)s")
    options = parser.parse_args()
    cv2.setNumThreads(1)

    # Spare copies go: a film must not count twice.
    found = list(distinct(film for film in load(options.films) if film.split == "train").values())
    films = balanced(found, np.random.default_rng(0))
    classes = np.array([class_of(film) for film in films])
    pixels = [to_input(read(film.path), SIDE) for film in films]
    # Clear lungs show the ribs best, so normals make the template.
    normals = np.flatnonzero(classes == 0)[::3]
    template = build_template([contrast(pixels[index].astype(np.float32)) for index in normals])
    parts, fits = decompose(pixels, template)
    kept = np.zeros(len(films), bool)
    for index in range(len(CLASSES)):
        own = classes == index
        kept |= own & (fits >= np.quantile(fits[own], 1 - BEST))
    model = fit({name: rows[kept] for name, rows in parts.items()}, classes[kept])
    np.savez_compressed(options.out, **model)
    print(f"{kept.sum()} of {len(films)} train films; {options.out.stat().st_size / 1e6:.2f} MB in {options.out}")


if __name__ == "__main__":
    main()
