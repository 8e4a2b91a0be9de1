"""Slows down whoever guesses passwords or tokens."""

import threading
import time

FREE_TRIES = 5
"""Wrong tries before the first pause."""

LONGEST = 900.0
"""Most seconds of a pause; after as long without a wrong try, all is forgotten."""

_MOST_KEYS = 10_000


class Throttle:
    """Counts wrong tries by key, such as an address, and doubles the pause after each one. Many threads may use it."""

    def __init__(self) -> None:
        self._tries: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def pause(self, *keys: str) -> float:
        """Seconds that whoever has one of these keys has to wait; 0 where they may try."""
        now = time.monotonic()
        with self._lock:
            return max(0.0, *(self._until(key) - now for key in keys))

    def failed(self, *keys: str) -> None:
        """Note a wrong try."""
        now = time.monotonic()
        with self._lock:
            if len(self._tries) > _MOST_KEYS:
                self._tries = {key: known for key, known in self._tries.items() if now - known[1] < LONGEST}
            for key in keys:
                count, last = self._tries.get(key, (0, now))
                self._tries[key] = (1 if now - last > LONGEST else count + 1, now)

    def passed(self, *keys: str) -> None:
        """Note a right one: what was before is forgotten."""
        with self._lock:
            for key in keys:
                self._tries.pop(key, None)

    def _until(self, key: str) -> float:
        count, last = self._tries.get(key, (0, 0.0))
        return last + min(LONGEST, 2.0 ** (count - FREE_TRIES)) if count >= FREE_TRIES else 0.0
