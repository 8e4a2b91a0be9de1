"""A fault is told of by its kind and its place, and never by its text."""

from pneumoscope.serving.faults import describe_fault


def test_the_text_of_a_fault_is_left_out() -> None:
    try:
        raise ValueError("Doe^Jane")
    except ValueError as error:
        said = describe_fault(error)
    assert said.startswith("ValueError at test_faults.py:")
    assert "Doe" not in said
