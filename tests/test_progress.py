import pytest

from pneumoscope.progress import duration_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "1 s"),
        (48.4, "48 s"),
        (95, "2 min"),
        (3540, "59 min"),
        (3600, "1 h"),
        (7150, "2 h"),
        (24_010, "6 h 40 min"),
    ],
)
def test_a_duration_is_told_as_people_do(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text
