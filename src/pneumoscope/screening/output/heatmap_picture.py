"""The heatmap as a file: preview and heatmap side by side, and below them what was found on which film by what."""

import hashlib
import os
import textwrap
from dataclasses import replace
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from pneumoscope.decision.labels import Finding
from pneumoscope.decision.operating_point import threshold_text
from pneumoscope.escaping import printable
from pneumoscope.screening.output.summary import probability_text
from pneumoscope.screening.result import ScreeningResult

LEGEND = "regions that raised the score; not proof of disease"

_SIDE = 512  # longer side of the written picture's panels, pixels
_LEAST = 560  # width of the picture, so that there is room for its text
_LINE, _MARGIN = 20, 8
_DARK, _LIGHT = (24, 28, 33), (235, 235, 235)


def hidden(result: ScreeningResult) -> str | None:
    """Say in one sentence why there is no heatmap to see; None where it is shown."""
    if result.finding is None:
        return "No heatmap: it was not assessed."
    if result.heatmap is not None:
        return result.heatmap.why_hidden
    if result.finding is Finding.PNEUMONIA:
        return "No heatmap: no region raised the score more than the others."
    return f"No heatmap: the finding is {result.finding}, and heat is drawn only for pneumonia."


def caption(result: ScreeningResult) -> list[str]:
    """What stands below the picture: the finding and how it came about, the film, the model, and what it is not."""
    warning = "A model for a trial: do not use." if result.model.trial else "Research use; not a medical device."
    normal = f", normal below {threshold_text(result.rule_out)}" if result.rule_out < result.threshold else ""
    return [
        f"{str(result.finding).capitalize()}: probability {probability_text(result.probability)}. "
        f"Pneumonia from {threshold_text(result.threshold)}{normal} ({result.operating_point}).",
        printable(Path(result.source or "image from memory").name),
        f"Model {printable(result.model.name)} {printable(result.model.version)}, {result.model.sha256[:12]}.",
        f"Heat: {LEGEND}. {warning}",
    ]


def picture(result: ScreeningResult) -> Image.Image:
    """Draw film and heatmap side by side with the caption below; in place of a heatmap that is hidden, say why.

    Args:
        result: of a radiograph that was screened with a heatmap.

    Returns:
        An RGB image whose panels' longer side is 512 pixels.
    """
    heated = result.heatmap_image()
    scale = _SIDE / max(heated.size)
    width, height = (max(1, round(side * scale)) for side in heated.size)
    full, font = max(2 * width, _LEAST), ImageFont.load_default(14)
    lines = [part for line in caption(result) for part in _wrapped(line, font, full - 2 * _MARGIN)]
    canvas = Image.new("RGB", (full, height + len(lines) * _LINE + 2 * _MARGIN))
    left = (full - 2 * width) // 2
    for place, panel in ((left, Image.fromarray(result.preview).convert("RGB")), (left + width, heated)):  # type: ignore[arg-type]
        canvas.paste(panel.resize((width, height), Image.Resampling.BILINEAR), (place, 0))
    draw = ImageDraw.Draw(canvas)
    if why := hidden(result):
        _write(draw, why, (left + width, 0, left + 2 * width, height))
    for number, line in enumerate(lines):
        draw.text((_MARGIN, height + _MARGIN + number * _LINE), line, fill=_LIGHT, font=font)
    return canvas


Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def _wrapped(text: str, font: Font, width: int) -> list[str]:
    """Lines that fit; letters that the font lacks come out escaped."""
    known = text.encode("latin-1", errors="backslashreplace").decode("latin-1")
    fitting = max(1, int(0.9 * width / (font.getlength(known) / len(known))))
    return textwrap.wrap(known, fitting)


def _write(draw: ImageDraw.ImageDraw, text: str, box: tuple[int, int, int, int]) -> None:
    """Blacken a box, and write the text in its middle in lines that fit."""
    left, top, right, bottom = box
    font = ImageFont.load_default(17)
    draw.rectangle(box, fill=_DARK)
    middle = ((left + right) / 2, (top + bottom) / 2)
    lines = "\n".join(_wrapped(text, font, right - left))
    draw.multiline_text(middle, lines, fill=_LIGHT, font=font, anchor="mm", align="center", spacing=8)


def _texts(result: ScreeningResult) -> PngInfo:
    """The text by which reading knows a picture of ours, which shows a film and is none; and the caption."""
    texts = PngInfo()
    texts.add_text("Software", "Pneumoscope")
    texts.add_itxt("Description", "\n".join(caption(result)))
    return texts


class HeatmapFolder:
    """Writes one PNG for each screened film into a folder."""

    def __init__(self, folder: Path) -> None:
        """Use ``folder``, and make it if only its last part is missing."""
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def save(self, result: ScreeningResult) -> ScreeningResult:
        """Write the film's picture, and give the result that names it; a film that was not assessed has none."""
        if result.contribution_map is None or result.preview is None or result.source is None:
            return result
        path = self._folder / name_of(Path(result.source))
        picture(result).save(path, pnginfo=_texts(result))
        return replace(result, heatmap_file=str(path))


def name_of(film: Path) -> str:
    """Name a film's picture; same-named films of different folders get different names."""
    where = hashlib.sha256(os.fsencode(film.absolute())).hexdigest()[:8]
    return f"{film.stem[:60]}-{where}.png"
