"""Experiments: one folder for each campaign, and the commands that measure bundles or make the evidence pages.

A campaign that is closed keeps its records sealed in its folder (``lab.campaign``) and has a README.md with its
question, rule and result.
"""

from functools import cache
from pathlib import Path

from lab.campaign import RUNS, Campaign

HERE = Path(__file__).parent


@cache
def campaign(name: str) -> Campaign:
    """The sealed campaign of a name."""
    return Campaign(HERE / name)


def campaigns() -> list[str]:
    """The names of all sealed campaigns."""
    return sorted(path.parent.name for path in HERE.glob(f"*/{RUNS}"))
