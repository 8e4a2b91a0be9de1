"""The heatmap as a picture: its colours, the overlay on the preview, and one PNG for each radiograph."""

import hashlib
import os
import textwrap
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pneumoscope.screening.heatmap import intensity
from pneumoscope.screening.result import ScreeningResult

LEGEND = "regions that raised the score; not proof of disease"

_OPACITY = 0.7
_SIDE = 512  # longer side of the written picture's panels, pixels
_MARGIN = 34  # height of the legend's line, pixels


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


def overlay(result: ScreeningResult) -> Image.Image:
    """Lay the heat over the film, aspect kept; a heatmap that failed its check leaves the film as it is.

    Args:
        result: of a radiograph that was screened with a heatmap.

    Returns:
        An RGB image of the size of ``result.preview``.

    Raises:
        ValueError: it was not assessed, or no heatmap was asked for.
    """
    if result.preview is None or result.contribution_map is None:
        raise ValueError("no heatmap: it was not assessed, or none was asked for")
    preview = Image.fromarray(result.preview)
    if hidden(result):
        return preview.convert("RGB")
    coarse = Image.fromarray(intensity(result.contribution_map, result.threshold))
    fine = np.clip(np.asarray(coarse.resize(preview.size, Image.Resampling.BILINEAR)), 0.0, 1.0)
    mask = Image.fromarray(np.rint(255.0 * _OPACITY * fine**1.5).astype(np.uint8))
    return Image.composite(Image.fromarray(ramp(fine)), preview.convert("RGB"), mask)


def hidden(result: ScreeningResult) -> str | None:
    """Say in one sentence why the film's heatmap is not shown; None where nothing is withheld."""
    return result.heatmap and result.heatmap.why_hidden


def picture(result: ScreeningResult) -> Image.Image:
    """Draw film and heatmap side by side with the legend below; in place of a heatmap that is hidden, say why.

    Args:
        result: of a radiograph that was screened with a heatmap.

    Returns:
        An RGB image whose panels' longer side is 512 pixels.
    """
    heated = overlay(result)
    scale = _SIDE / max(heated.size)
    width, height = (max(1, round(side * scale)) for side in heated.size)
    canvas = Image.new("RGB", (2 * width, height + _MARGIN))
    for left, panel in ((0, Image.fromarray(result.preview).convert("RGB")), (width, heated)):  # type: ignore[arg-type]
        canvas.paste(panel.resize((width, height), Image.Resampling.BILINEAR), (left, 0))
    draw = ImageDraw.Draw(canvas)
    text = "Research use; not a medical device."
    if why := hidden(result):
        _write(draw, why, (width, 0, 2 * width, height))
    else:
        text = f"{LEGEND[0].upper()}{LEGEND[1:]}. {text}"
    draw.text((8, height + _MARGIN // 2), text, fill=(235, 235, 235), font=ImageFont.load_default(14), anchor="lm")
    return canvas


def _write(draw: ImageDraw.ImageDraw, text: str, box: tuple[int, int, int, int]) -> None:
    """Blacken a box, and write the text in its middle in lines that fit."""
    left, top, right, bottom = box
    font = ImageFont.load_default(17)
    fitting = max(1, int(0.85 * (right - left) / (font.getlength(text) / len(text))))
    draw.rectangle(box, fill=(24, 28, 33))
    middle = ((left + right) / 2, (top + bottom) / 2)
    lines = "\n".join(textwrap.wrap(text, fitting))
    draw.multiline_text(middle, lines, fill=(235, 235, 235), font=font, anchor="mm", align="center", spacing=8)


class HeatmapFolder:
    """Writes one PNG for each screened film into a folder."""

    def __init__(self, folder: Path) -> None:
        """Use ``folder``, and make it if only its last part is missing."""
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def add(self, result: ScreeningResult) -> None:
        """Write the film's picture; a film that was not assessed has none."""
        if result.preview is not None and result.source is not None:
            picture(result).save(self._folder / name_of(Path(result.source)))

    def close(self) -> None:
        """Every picture is complete already."""


def name_of(film: Path) -> str:
    """Name a film's picture; same-named films of different folders get different names."""
    where = hashlib.sha256(os.fsencode(film.absolute())).hexdigest()[:8]
    return f"{film.stem[:60]}-{where}.png"
