"""What all pages share: one look, one template environment, pictures inside the page."""

import base64
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from pneumoscope.escaping import markdown, printable_lines

if TYPE_CHECKING:
    from jinja2 import Environment

THEME = Path(__file__).with_name("theme.css")


def environment(package: str) -> "Environment":
    """The templates of a package; ``theme`` holds the style sheet, and an undefined name is an error.

    Templates whose name ends on ``.html.j2`` escape what they are given; those of Markdown have the filter
    ``markdown``. Control characters come out escaped in both.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
    from markupsafe import Markup

    def harmless(value: Any) -> Any:
        return printable_lines(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    made = Environment(
        loader=PackageLoader(package),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        finalize=harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["markdown"] = markdown
    made.globals["theme"] = Markup(THEME.read_text(encoding="utf-8"))  # noqa: S704  our own file
    return made


def data_uri(image: Image.Image | bytes) -> str:
    """A picture inside a URI, which needs no escaping: an image as JPEG; bytes as the PNG file that they are."""
    from markupsafe import Markup

    if isinstance(image, bytes):
        kind, content = "png", image
    else:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=85)
        kind, content = "jpeg", buffer.getvalue()
    return Markup(f"data:image/{kind};base64,{base64.b64encode(content).decode()}")  # noqa: S704
