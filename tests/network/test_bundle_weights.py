from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from cards import make_card

from pneumoscope.errors import DataError
from pneumoscope.network.bundle_weights import take_weights
from pneumoscope.network.export import write_bundle
from pneumoscope.network.resnet import build


def test_a_network_comes_back_from_its_bundle(network: Any, tmp_path: Path) -> None:
    write_bundle(network, make_card(), tmp_path / "network.onnx")
    again = build(str(tmp_path / "network.onnx"))
    for weight, expected in zip(again.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, expected)


@pytest.mark.parametrize("content", [b"no ONNX", tiny.network().SerializeToString()])
def test_another_file_is_refused_and_changes_nothing(network: Any, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "other.onnx").write_bytes(content)
    before = network.get_weights()
    with pytest.raises(DataError, match=r"other.onnx: holds no float weights of this network"):
        take_weights(network, tmp_path / "other.onnx")
    for weight, expected in zip(network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, expected)
