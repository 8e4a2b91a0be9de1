"""How long work tells how far it is: one kind of callable for all rooms."""

from typing import Protocol


class Progress(Protocol):
    """Called again and again while something runs."""

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """Tell what is being done, how much of it is done, and how much there is; None where nobody knows."""


def silent(what: str, done: int, total: int | None) -> None:
    """Tell nobody."""
