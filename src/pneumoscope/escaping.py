"""Text that others wrote, such as the name of a file or a folder, made harmless for the place where it goes.

Every output escapes by these functions. Pages get them from ``pages.environment``, which escapes HTML besides.
"""

import re
from typing import Any

_FORMULA = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"  # what a spreadsheet takes for the begin of a formula; full width too
_MARKDOWN = re.compile(r"[\\`*_\[\]<>|~&]|:(?=//)|(?<=www)\.")


def well_formed(content: Any) -> Any:
    r"""Replace what cannot be written as UTF-8: a byte 0xFF in a file's name comes out as the text ``\udcff``.

    Args:
        content: a text, or JSON values that hold texts.
    """
    if isinstance(content, str):
        return content.encode(errors="backslashreplace").decode()
    if isinstance(content, dict):
        return {well_formed(key): well_formed(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [well_formed(value) for value in content]
    return content


def printable(text: str) -> str:
    """Escape what could steer a terminal or deceive a reader: control characters, marks of direction, odd bytes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def printable_lines(text: str) -> str:
    """As :func:`printable`, but for line ends."""
    return "\n".join(map(printable, text.split("\n")))


def csv_cell(value: Any) -> Any:
    """Keep a spreadsheet from running a text as a formula, by an apostrophe in front; numbers stay as they are.

    A text that begins with an apostrophe gets one too. So whoever takes one apostrophe away from the front of a cell
    has the text again. (OWASP, "CSV Injection".)
    """
    if not isinstance(value, str):
        return value
    text: str = well_formed(value)
    return f"'{text}" if text.startswith(("'", *_FORMULA)) else text


def markdown(text: str) -> str:
    """Keep a text in a Markdown page from being anything but text in its line."""
    return _MARKDOWN.sub(r"\\\g<0>", printable(text))
