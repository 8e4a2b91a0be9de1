"""What the commands of this folder share."""

import sys


def told(what: str, done: int, total: int | None) -> None:
    """Progress as one line each on standard error."""
    sys.stderr.write(f"{done}/{total} {what}\n" if total else f"{done} {what}\n")
    sys.stderr.flush()
