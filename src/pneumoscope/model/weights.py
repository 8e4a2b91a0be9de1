"""First version."""

from pathlib import Path


def resolve(source: str, cache: Path) -> Path:
    """Path only for now."""
    return Path(source)
