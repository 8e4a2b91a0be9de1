"""What every target must do; a test of a target inherits it."""

from typing import Any

import pytest
from stations import make_film, make_result

from pneumoscope.serving.dicom.capture import build_capture
from pneumoscope.serving.dicom.objects import encode_object
from pneumoscope.serving.dicom.report import build_report
from pneumoscope.serving.dicom.targets import Outgoing, Target, TargetError


def make_outgoing(number: int = 1, what: str = "report") -> Outgoing:
    """A report or a capture, ready to be sent."""
    build = {"report": build_report, "capture": build_capture}[what]
    made = build(make_result(source_sha256=f"{number:064x}"), make_film(number))
    uids: dict[str, Any] = {
        "study": str(made.StudyInstanceUID),
        "series": str(made.SeriesInstanceUID),
        "instance": str(made.SOPInstanceUID),
    }
    return Outgoing(f"{number}-{what}.dcm", encode_object(made), **uids)


def uids(thing: Outgoing) -> tuple[str, str, str]:
    assert thing.study
    assert thing.series
    assert thing.instance
    return thing.study, thing.series, thing.instance


class TargetContract:
    """Give ``target`` one that works, and ``unreachable`` one whose place is not there."""

    @pytest.fixture
    def target(self) -> Target:
        raise NotImplementedError

    @pytest.fixture
    def unreachable(self) -> Target:
        raise NotImplementedError

    def test_it_can_be_tested(self, target: Target) -> None:
        said = target.test()
        assert said.endswith(".")
        assert len(said.splitlines()) == 1

    def test_what_was_sent_is_there(self, target: Target) -> None:
        things = [make_outgoing(1, "report"), make_outgoing(1, "capture")]
        target.send(things)
        assert [target.has(*uids(thing)) for thing in things] == [True, True]

    def test_what_was_not_sent_is_not_there(self, target: Target) -> None:
        target.send([make_outgoing(2)])
        assert target.has(*uids(make_outgoing(3))) is False

    def test_sending_again_changes_nothing(self, target: Target) -> None:
        for _ in range(3):
            target.send([make_outgoing(4)])
        assert target.has(*uids(make_outgoing(4))) is True

    def test_nothing_to_send_is_no_error(self, target: Target) -> None:
        target.send([])

    def test_a_place_that_is_not_there_is_a_sentence_and_may_come_back(self, unreachable: Target) -> None:
        thing = make_outgoing(5)
        for call in (unreachable.test, lambda: unreachable.send([thing])):
            with pytest.raises(TargetError) as caught:
                call()
            assert not caught.value.permanent
            said = str(caught.value)
            assert said.endswith(".")
            for private in ("Synthetic", "SYN5", *uids(thing)):
                assert private not in said
        assert unreachable.has(*uids(thing)) is None

    def test_it_says_nothing_of_its_secrets(self, target: Target) -> None:
        assert "sesame" not in repr(vars(target))
