"""A part of the station that has a thread of its own."""

import threading
from abc import ABC, abstractmethod


class Background(ABC):
    """Runs :meth:`_run` on a thread until it is stopped; ``_ended`` is set then."""

    def __init__(self, name: str) -> None:
        """Take the name of the thread."""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is begun, and end. Safe to repeat."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def alive(self) -> bool:
        """Whether it is at work."""
        return self._thread.is_alive()

    @abstractmethod
    def _run(self) -> None:
        """Work until ``_ended`` is set."""
