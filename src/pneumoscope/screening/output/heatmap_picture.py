"""The heatmap as a file: preview and heatmap side by side, with the legend below."""

import hashlib
import os
import textwrap
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from pneumoscope.screening.result import ScreeningResult

LEGEND = "regions that raised the score; not proof of disease"

_SIDE = 512  # longer side of the written picture's panels, pixels
_MARGIN = 34  # height of the legend's line, pixels


NOTHING_TO_SHOW = "No heatmap: the finding is normal, and heat is drawn only for pneumonia."


def hidden(result: ScreeningResult) -> str | None:
    """Say in one sentence why there is no heatmap to see; None where it is shown."""
    return NOTHING_TO_SHOW if result.heatmap is None else result.heatmap.why_hidden


def picture(result: ScreeningResult) -> Image.Image:
    """Draw film and heatmap side by side with the legend below; in place of a heatmap that is hidden, say why.

    Args:
        result: of a radiograph that was screened with a heatmap.

    Returns:
        An RGB image whose panels' longer side is 512 pixels.
    """
    heated = result.heatmap_image()
    scale = _SIDE / max(heated.size)
    width, height = (max(1, round(side * scale)) for side in heated.size)
    canvas = Image.new("RGB", (2 * width, height + _MARGIN))
    for left, panel in ((0, Image.fromarray(result.preview).convert("RGB")), (width, heated)):  # type: ignore[arg-type]
        canvas.paste(panel.resize((width, height), Image.Resampling.BILINEAR), (left, 0))
    draw = ImageDraw.Draw(canvas)
    text = "A model for a trial: do not use." if result.model.trial else "Research use; not a medical device."
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


def _made_here() -> PngInfo:
    """The text by which reading knows a picture of ours: it shows a film, and is none."""
    texts = PngInfo()
    texts.add_text("Software", "Pneumoscope")
    return texts


class HeatmapFolder:
    """Writes one PNG for each screened film into a folder."""

    def __init__(self, folder: Path) -> None:
        """Use ``folder``, and make it if only its last part is missing."""
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def add(self, result: ScreeningResult) -> None:
        """Write the film's picture; a film that was not assessed has none."""
        if result.preview is not None and result.source is not None:
            picture(result).save(self._folder / name_of(Path(result.source)), pnginfo=_made_here())

    def close(self) -> None:
        """Every picture is complete already."""


def name_of(film: Path) -> str:
    """Name a film's picture; same-named films of different folders get different names."""
    where = hashlib.sha256(os.fsencode(film.absolute())).hexdigest()[:8]
    return f"{film.stem[:60]}-{where}.png"
