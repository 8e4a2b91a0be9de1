import pytest

from pneumoscope.decision.operating_point import OperatingPoint, threshold_text


@pytest.mark.parametrize("threshold", [0.0, 1.0, -0.1, float("nan")])
def test_a_threshold_lies_between_0_and_1(threshold: float) -> None:
    with pytest.raises(ValueError, match="must lie between 0 and 1"):
        OperatingPoint("any", threshold, "by hand")


def test_a_threshold_is_written_as_a_fraction_with_three_decimals() -> None:
    assert [threshold_text(value) for value in (0.81286, 0.7, 0.0004)] == ["0.813", "0.700", "0.000"]
