"""Make docs/api.md, the reference of the Python API, from the docstrings: ``python scripts/make_api_page.py``."""

import re
import subprocess
import sys
from enum import EnumType
from pathlib import Path

import griffe
import griffe2md
import mdformat

import pneumoscope

PAGE = Path(__file__).parents[1] / "docs" / "api.md"

_HEAD = """\
# Python API

What `import pneumoscope` offers. Everything else may change in any version. Made from the docstrings by
`python scripts/make_api_page.py`; research use, not a medical device.

    import pneumoscope

    with pneumoscope.load() as screener:                   # one model, its threads, for as long as you like
        result = screener.screen("film.dcm")               # a path, bytes, file, array, PIL image, pydicom Dataset
        print(result.finding, result.probability, result.to_dict())
        for result in screener.screen_many(paths):         # lazily, in order, on all cores
            ...

A table of results: `pandas.DataFrame(result.to_dict() for result in screener.screen_many(paths))`.
Logging goes to the logger `pneumoscope`, silent unless your program configures it, and never holds patient data.
"""

_WIDTH = 118

_CONFIG = {
    **griffe2md.default_config,
    "show_root_full_path": False,
    "show_object_full_path": False,
    "show_root_members_full_path": False,
    "show_signature_annotations": True,
    "members_order": "source",
    "summary": False,
    "show_if_no_docstring": False,
    "line_length": 100,
}


def page() -> str:
    """The text of the page."""
    package = griffe.load("pneumoscope", docstring_parser="google")
    parts = [_HEAD]
    for name in sorted(set(pneumoscope.__all__) - {"__version__"}, key=_order):
        member = package[name]
        target = member.final_target if member.is_alias else member
        parts.append(griffe2md.render_object_docs(target, dict(_CONFIG)))
        named = getattr(pneumoscope, name)
        if isinstance(named, EnumType):
            parts.append("Values: " + ", ".join(f"`{value}`" for value in named) + ".")
    text = "\n".join(part.strip() + "\n" for part in parts)
    text = re.sub(r"\[([^\][]+)\]\(#[^)]*\)", r"\1", text)  # links to what is not on this page
    text = re.sub(r"</?code>", "`", text)
    text = re.sub(r"(?:(?<!`)``|:\w+:`)([^`]+)`+(?!`)", r"`\1`", text)  # reStructuredText's marks for code
    text = re.sub(r"```python\n(.+)\n```", lambda found: f"```python\n{_wrapped(found[1])}\n```", text)
    return mdformat.text(text, options={"wrap": _WIDTH})


def _wrapped(signature: str) -> str:
    """A signature in lines that fit."""
    if len(signature) <= _WIDTH or "(" not in signature:
        return signature
    command = [sys.executable, "-m", "ruff", "format", "--isolated", f"--line-length={_WIDTH}", "-"]
    code = subprocess.run(command, input=f"def {signature}: ...", capture_output=True, text=True, check=True).stdout
    return code.strip().removeprefix("def ").removesuffix(": ...")


def _order(name: str) -> tuple[int, str]:
    """What a reader starts with, then the rest by name, errors last."""
    first = ("load", "Screener", "ScreeningResult")
    return (first.index(name), "") if name in first else (3 + name.endswith("Error"), name)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
