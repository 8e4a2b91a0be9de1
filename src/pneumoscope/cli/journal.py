"""``pneumoscope journal verify``."""

import argparse
import sys
from pathlib import Path

HELP = "Check a journal of results for lines that were changed, removed, added or moved."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the action and its options."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    verify = actions.add_parser("verify", help="follow the chain of hashes from the first line to the last")
    verify.add_argument("journal", type=Path, metavar="FILE", help="as `pneumoscope screen --journal` writes it")
    verify.add_argument(
        "--head",
        action="append",
        default=[],
        metavar="HEAD",
        help="as a run printed it: also finds a tail that was cut off, and a journal that was made anew; repeatable",
    )


def run(options: argparse.Namespace) -> int:
    """Verify; 0 when the journal holds together, 5 when it does not."""
    from pneumoscope.assurance.journal import Head
    from pneumoscope.assurance.verify import PROBLEMS, verify

    found = verify(options.journal, [Head.parse(head) for head in options.head])
    if not found.problems:
        proven = "" if options.head else " Without --head, a tail that was cut off cannot be noticed."
        sys.stdout.write(f"{options.journal}: intact. Head {found.head}.{proven}\n")
        return 0
    for problem in found.problems:
        sys.stdout.write(f"{options.journal}: {problem}\n")
    if len(found.problems) >= PROBLEMS:
        sys.stdout.write(f"{options.journal}: There may be more.\n")
    return 5
