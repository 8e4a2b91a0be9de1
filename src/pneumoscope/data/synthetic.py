"""Synthetic chest radiographs that show no patient, for the demo, the smoke training and the tests.

They are drawn from an active appearance model (Cootes, Edwards and Taylor 2001, IEEE TPAMI 23:681): a mean chest, a few
principal components of the greys and of a smooth warp, and a Gaussian per class over their coefficients (probabilistic
PCA, Tipping and Bishop 1999, JRSS B 61:611). ``scripts/make_synthetic_model.py`` fitted it on the public train films;
the stored arrays are sums over two thousand films. Detail and texture have the same contrast in every film, so that
sharpness does not give the class away, as it does in the real films.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pneumoscope.decision.labels import CLASSES

MODEL = Path(__file__).with_name("synthetic_model.npz")
MARKER = "SYNTHETIC"

SIDE = 224
"""Side of a synthetic film, in pixels."""
PARTS = ("warp", "coarse", "detail")
"""What the model describes, in the order of its coefficients."""
COARSE, DETAIL, WARP = 56, 168, 28
"""Sides of the grids on which the model keeps coarse greys, detail and warp."""

SPREAD = 0.8
"""Scale of the coefficients: below 1, draws are more typical than the films were."""
LIMIT = 2.0
"""Standard normal deviates are clipped here, so that no draw is grotesque."""
TEXTURE = 0.5
"""Share of the texture's amplitude that is drawn: unlike vessels, noise looks too strong at full amplitude."""

Floats = NDArray[np.float32]


def draw(kind: str, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw one synthetic film of a child's chest, with the word SYNTHETIC burned in.

    Args:
        kind: "normal", "bacterial" or "viral".
        rng: where every random number comes from; the same state gives the same film.

    Returns:
        uint8 array of shape (224, 224), 0 = black (air) to 255 = white (bone).

    Raises:
        ValueError: ``kind`` is none of the three.
    """
    if kind not in CLASSES:
        raise ValueError(f"kind must be one of {', '.join(CLASSES)}, not {kind!r}")
    model = _model()
    mean, factor = model[f"{kind}_mean"], model[f"{kind}_factor"]
    deviates = np.clip(rng.standard_normal(mean.size, dtype=np.float32), -LIMIT, LIMIT)
    parts = _composed(mean + factor @ (SPREAD * deviates))
    coarse, (dx, dy) = parts["coarse"].reshape(COARSE, COARSE), parts["warp"].reshape(2, WARP, WARP)
    detail = parts["detail"].reshape(DETAIL, DETAIL)
    # One contrast for every film: it brings back what averaging takes from the ribs, and it cannot tell the class.
    detail *= model["detail_contrast"] / detail.std()
    chest = _resized(coarse, SIDE) + _resized(detail + TEXTURE * _texture(rng), SIDE)
    return _marked(_warped(chest, _resized(dx, SIDE), _resized(dy, SIDE)))


def write_dataset(root: Path, per_class: int, seed: int) -> None:
    """Write synthetic films in the folder layout and with the file names of the public release.

    Each of train, val and test gets ``per_class`` normal, bacterial and viral films, every one of a person of its own.

    Args:
        root: folder to write into; made when absent.
        per_class: films of each kind in each split.
        seed: of the draw.
    """
    rng = np.random.default_rng(seed)
    number = 0
    for split in ("train", "val", "test"):
        for _ in range(per_class):
            number += 1
            # Both normal series of the release occur.
            series = "IM" if number % 2 else "NORMAL2-IM"
            names = {
                "normal": f"NORMAL/{series}-{number:04d}-0001.png",
                "bacterial": f"PNEUMONIA/person{number}_bacteria_{number}.png",
                "viral": f"PNEUMONIA/person{number}_virus_{number}.png",
            }
            for kind, name in names.items():
                path = root / split / name
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(draw(kind, rng)).save(path)


@lru_cache(maxsize=1)
def _model() -> dict[str, Floats]:
    with np.load(MODEL, allow_pickle=False) as stored:
        arrays = {name: stored[name].astype(np.float32) for name in stored.files}
    for name in PARTS:
        arrays[f"{name}_basis"] *= arrays.pop(f"{name}_scale")[:, None]
    frequency = np.hypot(np.fft.fftfreq(DETAIL)[:, None], np.fft.rfftfreq(DETAIL)[None, :]) * DETAIL
    radial = arrays.pop("texture_spectrum")
    arrays["texture_filter"] = radial[np.rint(frequency).astype(int)]
    return arrays


def _composed(coefficients: Floats) -> dict[str, Floats]:
    """Mean plus components of each part, as flat arrays."""
    model, parts, start = _model(), {}, 0
    for name in PARTS:
        basis = model[f"{name}_basis"]
        parts[name] = model[f"{name}_mean"] + coefficients[start : start + len(basis)] @ basis
        start += len(basis)
    return parts


def _resized(grid: Floats, side: int) -> Floats:
    return np.asarray(Image.fromarray(grid).resize((side, side), Image.Resampling.BICUBIC), dtype=np.float32)


def _texture(rng: np.random.Generator) -> Floats:
    """Noise with the power spectrum and the local amplitude of what the detail components leave unexplained."""
    model = _model()
    noise = rng.standard_normal((DETAIL, DETAIL), dtype=np.float32)
    band = np.fft.irfft2(np.fft.rfft2(noise) * model["texture_filter"], s=noise.shape)
    scaled: Floats = (band / band.std()).astype(np.float32) * _resized(model["texture_amplitude"], DETAIL)
    return scaled


def _warped(image: Floats, dx: Floats, dy: Floats) -> Floats:
    """Bilinear sampling at every pixel's place plus (dx, dy), mirrored at the borders."""
    rows, columns = np.indices(image.shape, dtype=np.float32)
    y, x = _mirrored(rows + dy), _mirrored(columns + dx)
    top, left = np.minimum(y.astype(int), SIDE - 2), np.minimum(x.astype(int), SIDE - 2)
    down, right = y - top, x - left
    above = image[top, left] * (1 - right) + image[top, left + 1] * right
    below = image[top + 1, left] * (1 - right) + image[top + 1, left + 1] * right
    sampled: Floats = above * (1 - down) + below * down
    return sampled


def _mirrored(places: Floats) -> Floats:
    last = SIDE - 1
    mirrored: Floats = np.clip(last - np.abs(last - np.abs(places)), 0, last)
    return mirrored


def _marked(pixels: Floats) -> NDArray[np.uint8]:
    image = Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    place = (SIDE - 4, SIDE - 4)
    font = ImageFont.load_default(size=11)
    # On a black plate, because the corner may be as white as the letters.
    draw.rectangle(draw.textbbox(place, MARKER, font=font, anchor="rs"), fill=0, outline=0, width=1)
    draw.text(place, MARKER, fill=255, font=font, anchor="rs")
    return np.asarray(image)
