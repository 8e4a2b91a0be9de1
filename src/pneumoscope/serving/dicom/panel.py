"""The picture of a result: the film on the left, what was found on the right, and what it may not be used for."""

from collections.abc import Iterator
from datetime import datetime
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from pneumoscope._version import __version__
from pneumoscope.decision.labels import Finding
from pneumoscope.screening.result import HeatmapStatus, ScreeningResult
from pneumoscope.serving.dicom.codes import REASONS
from pneumoscope.serving.dicom.objects import RESEARCH_USE

SIZE = (1344, 840)
"""Width and height of every panel, in pixels."""

_FILM = (24, 24, 792, 768)  # the box of the film: left, top, right, lower edge
_LEFT, _RIGHT = 832, 1312  # the column of the text
_BANNER = 792  # where the banner begins
_BACK, _BOX, _BANNER_BACK = "#101418", "#000000", "#7a4a00"
_TEXT, _QUIET = "#f2f2f2", "#a8b0b8"
_INKS = {Finding.NORMAL: "#6fb7ff", Finding.UNCERTAIN: "#d0d0d0", Finding.PNEUMONIA: "#ffb454"}
_WORDS = {Finding.NORMAL: "Normal", Finding.UNCERTAIN: "Uncertain", Finding.PNEUMONIA: "Pneumonia"}
_MEANT = {
    Finding.NORMAL: "The probability is below the lower threshold.",
    Finding.UNCERTAIN: "The probability lies between the thresholds: a person must read the film.",
    Finding.PNEUMONIA: "The probability is at or above the upper threshold.",
}


def draw_panel(result: ScreeningResult, time: datetime) -> Image.Image:
    """Draw the result of one film.

    Args:
        result: screened or not assessed; without a preview, the place of the film says that there is none.
        time: when it was made, as it is to be written.

    Returns:
        An RGB image of :data:`SIZE`.
    """
    panel = Image.new("RGB", SIZE, _BACK)
    draw = ImageDraw.Draw(panel)
    _draw_film(panel, draw, result)
    y = _write(draw, 24, "Pneumoscope: screening for pneumonia", 20, _QUIET)
    y = _draw_assessed(draw, y, result) if result.finding else _draw_refused(draw, y, result)
    _draw_notes(draw, y, _draw_foot(draw, result, time), result)
    draw.rectangle((0, _BANNER, *SIZE), fill=_BANNER_BACK)
    draw.text((SIZE[0] / 2, (_BANNER + SIZE[1]) / 2), RESEARCH_USE, "white", _font(28), anchor="mm")
    return panel


def _draw_film(panel: Image.Image, draw: ImageDraw.ImageDraw, result: ScreeningResult) -> None:
    left, top, right, low = _FILM
    draw.rectangle(_FILM, fill=_BOX)
    if result.preview is None:
        draw.text(((left + right) / 2, (top + low) / 2), "No picture", _QUIET, _font(28), anchor="mm")
        return
    shown = result.heatmap is HeatmapStatus.SHOWN
    film = result.heatmap_image() if shown else Image.fromarray(result.preview).convert("RGB")
    share = min((right - left) / film.width, (low - top) / film.height)
    film = film.resize((round(film.width * share), round(film.height * share)), Image.Resampling.BICUBIC)
    panel.paste(film, ((left + right - film.width) // 2, (top + low - film.height) // 2))


def _draw_assessed(draw: ImageDraw.ImageDraw, y: int, result: ScreeningResult) -> int:
    if result.finding is None or result.probability is None:
        raise ValueError("the result was not assessed")
    y = _write(draw, y + 12, _WORDS[result.finding], 52, _INKS[result.finding])
    y = _write(draw, y + 4, f"Probability {result.probability:.3f}", 30, _TEXT)
    y = _write(draw, y + 4, _MEANT[result.finding], 20, _TEXT)
    return _draw_scale(draw, y + 44, result.probability, result.rule_out, result.threshold)


def _draw_scale(draw: ImageDraw.ImageDraw, y: int, probability: float, rule_out: float, threshold: float) -> int:
    """A bar from 0 to 1 in the colours of the findings, both thresholds, and a mark at the probability."""

    def at(value: float) -> int:
        return round(_LEFT + value * (_RIGHT - _LEFT))

    edges = (0.0, rule_out, threshold, 1.0)
    for low, high, finding in zip(edges, edges[1:], Finding, strict=False):
        if high > low:
            draw.rectangle((at(low), y, at(high), y + 20), fill=_INKS[finding])
    for value in {rule_out, threshold}:
        draw.line((at(value), y - 4, at(value), y + 28), fill=_BACK, width=3)
    mark = at(probability)
    draw.polygon(((mark, y - 2), (mark - 11, y - 22), (mark + 11, y - 22)), fill="white")
    draw.line((mark, y, mark, y + 20), fill="white", width=3)
    draw.text((_LEFT, y + 30), "0", _QUIET, _font(18), anchor="la")
    draw.text((_RIGHT, y + 30), "1", _QUIET, _font(18), anchor="ra")
    return _write(draw, y + 58, f"Normal below {rule_out:.3f}, pneumonia from {threshold:.3f}", 18, _QUIET)


def _draw_refused(draw: ImageDraw.ImageDraw, y: int, result: ScreeningResult) -> int:
    y = _write(draw, y + 12, "Not assessed", 52, _INKS[Finding.UNCERTAIN])
    if result.reason is not None:
        y = _write(draw, y + 4, f"{REASONS[result.reason].meaning}.", 24, _TEXT)
        y = _write(draw, y + 4, f"Reason: {result.reason}", 18, _QUIET)
    return _write(draw, y + 10, result.detail or "", 22, _TEXT)


def _draw_notes(draw: ImageDraw.ImageDraw, y: int, end: int, result: ScreeningResult) -> None:
    notes = list(_notes(result))
    for number, sentence in enumerate(notes):
        height = 6 + 24 * len(list(_lines(sentence, 18)))
        if y + height + 30 > end and number < len(notes) - 1:
            _write(draw, y + 6, f"{len(notes) - number} more notes are in the report.", 18, _TEXT)
            return
        y = _write(draw, y + 6, sentence, 18, _TEXT)


def _notes(result: ScreeningResult) -> Iterator[str]:
    if result.model.trial:
        yield f"Trial model: {result.model.trial}"
    if result.heatmap is HeatmapStatus.SHOWN:
        yield "Colour on the film: what raised the probability."
    elif result.heatmap is not None:
        yield result.heatmap.why_hidden or ""
    for remark in result.remarks:
        yield remark.sentence


def _draw_foot(draw: ImageDraw.ImageDraw, result: ScreeningResult, time: datetime) -> int:
    """Say at the foot of the column which model spoke and when; give where the foot begins."""
    model = result.model
    lines = [f"Model {model.name} {model.version}", f"Bundle {model.sha256[:12]}"]
    if result.site_profile_sha256:
        lines.append(f"Thresholds of the site profile {result.site_profile_sha256[:12]}")
    lines += [f"Operating point {result.operating_point}", f"Pneumoscope {__version__}, {time:%Y-%m-%d %H:%M}"]
    y = _BANNER - 20 - 24 * len(lines)
    draw.line((_LEFT, y - 12, _RIGHT, y - 12), fill=_QUIET)
    for number, line in enumerate(lines):
        draw.text((_LEFT, y + 24 * number), line, _QUIET, _font(18))
    return y - 12


def _write(draw: ImageDraw.ImageDraw, y: int, text: str, size: int, ink: str) -> int:
    """Write a text into the column, in as many lines as it takes; give where the next may begin."""
    for line in _lines(text, size):
        draw.text((_LEFT, y), line, ink, _font(size))
        y += round(size * 1.3)
    return y


def _lines(text: str, size: int) -> Iterator[str]:
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and _font(size).getlength(longer) > _RIGHT - _LEFT:
            yield line
            line = word
        else:
            line = longer
    if line:
        yield line


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise ValueError("Pillow was built without FreeType, so no text can be drawn")
    return font
