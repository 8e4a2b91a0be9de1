"""The page's tables, from the record."""

from collections.abc import Sequence
from typing import Any

MARGINS = (0.0, 1.0, 2.0)
"""At which the record counts."""


def markdown(record: dict[str, Any]) -> str:
    """The two tables, the worst row first."""
    head = " | ".join(f"margin {least:g}" for least in MARGINS)
    lines = [
        f"| films of a hospital that was left out | films | refused: {head} |",
        "|---|---|" + "---|" * len(MARGINS),
    ]
    for row in sorted(record["hospitals"], key=lambda row: -row["refused"][0] / row["films"]):
        name = row["name"] + (", mildly altered" if row["altered"] else "")
        lines.append(f"| {name} | {row['films']} | {_shares(row['refused'], row['films'])} |")
    lines += ["", f"| kind of picture that was left out | pictures | let through: {head} |"]
    lines.append("|---|---|" + "---|" * len(MARGINS))
    for row in sorted(record["kinds"], key=lambda row: -row["passed"][0] / row["pictures"]):
        lines.append(f"| {row['name']} | {row['pictures']} | {_shares(row['passed'], row['pictures'])} |")
    return "\n".join(lines) + f"\n\nFloat bundle `{record['bundle_sha256'][:12]}`.\n"


def _shares(counts: Sequence[int], of: int) -> str:
    return " | ".join(f"{count} ({count / of:.1%})" for count in counts)
