"""``pneumoscope selftest``."""

import argparse
from collections.abc import Mapping
from typing import Any

from pneumoscope.cli.arguments import add_bundle, add_runtime

HELP = "Score reference films on this machine and compare them with what the bundle says of them."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_bundle(parser)
    add_runtime(parser)


def run(options: argparse.Namespace) -> int:
    """Test; 0 when all reference films came out as the bundle says, 5 when one did not."""
    from rich import box
    from rich.table import Table

    from pneumoscope.assurance.agreement import Verdict
    from pneumoscope.assurance.selftest import run_selftest
    from pneumoscope.screening.output.table import terminal
    from pneumoscope.screening.screener import Screener

    with Screener(options.bundle, runtime=options.runtime) as screener:
        checks = run_selftest(screener)
    table = Table("reference film", "recorded", "here", "verdict", box=box.SIMPLE_HEAD)
    for check in checks:
        table.add_row(check.film, _said(check.expected), _said(check.found) if check.found else "-", check.verdict)
    console, model = terminal(), screener.model
    console.print(table)
    failed = sum(check.failed for check in checks)
    untried = sum(check.verdict is Verdict.NOT_REPLAYED for check in checks)
    said = f"FAILED on {failed} of {len(checks)} films; do not rely on results" if failed else "passed"
    note = f" ({untried} DICOM films not tried: the extra dicom is not installed)" if untried else ""
    line = f"{model.name} {model.version} on {model.runtime}: {said}{note}."
    console.print(line, highlight=False, markup=False, soft_wrap=True)
    return 5 if failed else 0


def _said(result: Mapping[str, Any]) -> str:
    if result["status"] == "not_assessed":
        return f"not assessed ({result['reason']})"
    return f"{result['finding']}, score {result['score']:.4f}"
