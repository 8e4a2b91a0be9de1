"""From class-activation maps to a map of what raised the score, and its colours over the preview."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pneumoscope.decision.calibration import Calibration
from pneumoscope.decision.score import pneumonia_score, viral_share

_CERTAIN = 4.0  # log odds above the threshold that earn the strongest colour even if no place has more
_OPACITY = 0.7


def contribution_map(
    logits: NDArray[np.float32], cam: NDArray[np.float32], calibration: Calibration
) -> NDArray[np.float32]:
    """Say which places speak for pneumonia, and how loudly.

    The score, logsumexp(bacterial, viral) - normal, is linearised at the film's own logits: its gradient weighs the
    three class-activation maps (Zhou et al. 2016, arXiv:1512.04150) by (-1, share bacterial, share viral). A constant
    then makes the mean over the map the film's score exactly, and the calibration turns it into log-odds.

    Args:
        logits: float32 (3,), normal, bacterial, viral.
        cam: float32 (P, P, 3), the class-activation maps.
        calibration: from score to probability.

    Returns:
        float32 (P, P): local log-odds of pneumonia; the mean is the log-odds of the film's probability.
    """
    viral = float(viral_share(logits[None])[0])
    local = cam @ np.array([-1.0, 1.0 - viral, viral])
    local += float(pneumonia_score(logits[None])[0]) - local.mean()
    return np.asarray(calibration.slope * local + calibration.intercept, dtype=np.float32)


def intensity(contributions: NDArray[np.float32], threshold: float) -> NDArray[np.float32]:
    """Scale a contribution map to 0..1: 0 where it stays below the threshold, 1 at the film's strongest place.

    A film whose strongest place is less than 4 log-odds above the threshold never reaches 1, so that noise is not
    blown up into a hot spot. A normal film has no heat at all: whatever speaks for pneumonia on it was outvoted, and
    colour there would only mislead.
    """
    margin = contributions - np.log(threshold / (1.0 - threshold))
    above = np.maximum(margin, 0.0) if margin.mean() >= 0 else np.zeros_like(margin)
    return np.asarray(above / max(float(above.max()), _CERTAIN), dtype=np.float32)


def ramp(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Colour values by a perceptually uniform ramp, dark magenta to light yellow.

    Lightness and hue change linearly in OKLCh (Ottosson 2020, "A perceptual color space for image processing").

    Args:
        values: any shape, 0..1.

    Returns:
        uint8 sRGB, shape (..., 3).
    """
    lightness, hue = 0.42 + 0.50 * values, np.radians(-10.0 + 110.0 * values)
    a, b = 0.15 * np.cos(hue), 0.15 * np.sin(hue)
    cone = np.stack(
        [
            lightness + 0.3963377774 * a + 0.2158037573 * b,
            lightness - 0.1055613458 * a - 0.0638541728 * b,
            lightness - 0.0894841775 * a - 1.2914855480 * b,
        ],
        axis=-1,
    )
    to_linear = np.array(
        [
            [4.0767416621, -3.3077115913, 0.2309699292],
            [-1.2684380046, 2.6097574011, -0.3413193965],
            [-0.0041960863, -0.7034186147, 1.7076147010],
        ]
    )
    linear = np.clip(cone**3 @ to_linear.T, 0.0, 1.0)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(255.0 * srgb), dtype=np.uint8)


def layer(
    size: tuple[int, int], contributions: NDArray[np.float32], threshold: float
) -> tuple[Image.Image, Image.Image]:
    """Draw the intensity of a contribution map for a picture of some size.

    Args:
        size: width and height of the picture, in pixels.
        contributions: float32 (P, P), see :func:`contribution_map`.
        threshold: on the probability, between 0 and 1.

    Returns:
        Its colours, RGB, and how much of them shows, L: 0 where there is no heat.
    """
    coarse = Image.fromarray(intensity(contributions, threshold))
    fine = np.clip(np.asarray(coarse.resize(size, Image.Resampling.BILINEAR)), 0.0, 1.0)
    mask = Image.fromarray(np.rint(255.0 * _OPACITY * fine**1.5).astype(np.uint8))
    colours = ramp(np.linspace(0.0, 1.0, 256))[np.rint(255.0 * fine).astype(np.uint8)]
    return Image.fromarray(colours), mask


def overlay(preview: NDArray[np.uint8], contributions: NDArray[np.float32], threshold: float) -> Image.Image:
    """Lay the intensity of a contribution map over the preview, aspect kept.

    Args:
        preview: uint8 (height, width).
        contributions: float32 (P, P), see :func:`contribution_map`.
        threshold: on the probability, between 0 and 1.

    Returns:
        An RGB image of the size of the preview.
    """
    grey = Image.fromarray(preview)
    colours, mask = layer(grey.size, contributions, threshold)
    return Image.composite(colours, grey.convert("RGB"), mask)
