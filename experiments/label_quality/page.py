"""The doubtful labels as tables, and their radiographs as a picture for local use."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from lab.markdown import table
from pneumoscope.imaging import INPUT_SIZE, read, to_input

_COLUMNS, _CAPTION = 8, 34


def tables(record: Mapping[str, Any], most: int = 20) -> str:
    """Markdown: of every view the confident joint and the ``most`` most doubtful labels."""
    parts = []
    for view, found in record["views"].items():
        total = sum(record["by_class"].values())
        names = found["classes"]
        parts.append(f"**{view[0].upper()}{view[1:]}**: {found['issues']} of {total:,} labels would be pruned.")
        joint = zip(names, found["confident_joint"], strict=True)
        lines = [[name, *(f"{count:,}" for count in counts)] for name, counts in joint]
        parts.append(table(("given", *(f"surely {name}" for name in names)), lines))
        lines = []
        for row in found["doubtful"][:most]:
            chance = f"{row['score']:.1%}" if row["score"] >= 0.001 else "below 0.1%"
            lines.append([f"`{row['film']}`", row["given"], row["suggested"], chance, "yes" if row["issue"] else "no"])
        parts.append(table(("radiograph", "given", "suggested", "probability of the given label", "pruned"), lines))
    return "\n\n".join(parts) + "\n"


def sheet(rows: Sequence[Mapping[str, Any]], data: Path) -> Image.Image:
    """Show the radiographs of doubtful labels with what was given and suggested; for local use, never for a repository.

    Args:
        rows: the "doubtful" of a view.
        data: folder with the radiographs, at any depth.

    Raises:
        NotAssessedError: a radiograph cannot be read.
    """
    height = INPUT_SIZE + _CAPTION
    paths = {path.name: path for path in data.rglob("*") if path.is_file()}
    canvas = Image.new("RGB", (_COLUMNS * INPUT_SIZE, -(-len(rows) // _COLUMNS) * height))
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(12)
    for place, row in enumerate(rows):
        left, top = place % _COLUMNS * INPUT_SIZE, place // _COLUMNS * height
        canvas.paste(Image.fromarray(to_input(read(paths[row["film"]]))), (left, top))
        text = f"{Path(row['film']).stem[:32]}\n{row['given']} ({row['score']:.1%}); model: {row['suggested']}"
        draw.multiline_text((left + 4, top + INPUT_SIZE + 3), text, fill=(235, 235, 235), font=font)
    return canvas
