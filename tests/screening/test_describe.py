from pathlib import Path

from pneumoscope.screening.describe import describe_bundle
from pneumoscope.screening.screener import Screener


def test_it_tells_the_card_and_the_file(tiny_bundle: Path, screener: Screener) -> None:
    known = describe_bundle(tiny_bundle)
    assert known["bundle"] == {
        "path": str(tiny_bundle), "bytes": tiny_bundle.stat().st_size, "sha256": screener.model.sha256,
    }  # fmt: skip
    assert known["card"]["rule"]["operating_points"][1]["threshold"] == 0.2
    assert known["evaluation"] is None  # the released evaluation is of another file
