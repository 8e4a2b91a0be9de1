"""How long work tells how far it is: one kind of callable for all rooms."""

from typing import Protocol


class Progress(Protocol):
    """Called again and again while something runs."""

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """Tell what is being done, how much of it is done, and how much there is; None where nobody knows."""


def silent(what: str, done: int, total: int | None) -> None:
    """Tell nobody."""


def duration_text(seconds: float) -> str:
    """About how long that is, in words: "40 s", "12 min", "6 h 40 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(10 * round(minutes / 10), 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
