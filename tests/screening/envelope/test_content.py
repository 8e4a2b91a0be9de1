"""What a screener makes of the envelope's outputs."""

from typing import Any

import numpy as np
import pytest

from pneumoscope.decision.envelope import KINDS, Envelope, Kind
from pneumoscope.screening.envelope.content import check_content, lung_remarks
from pneumoscope.screening.runtime.session import Outputs

ENVELOPE = Envelope(1.0, 3.0, 0.1)


def outputs(kind: str = "frontal", novelty: float = 1.0, lungs: float = 0.3) -> Outputs:
    content = np.full((1, len(KINDS)), -5, np.float32)
    content[0, KINDS.index(Kind(kind))] = 5
    rest: Any = (np.zeros((1, 3), np.float32), np.zeros((1, 6, 6, 3), np.float32))
    return Outputs(*rest, content, np.array([novelty], np.float32), np.full((1, 12, 12), lungs, np.float32))


def test_an_upright_frontal_film_is_judged() -> None:
    assert check_content(ENVELOPE, outputs()) is None


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("lateral", "wrong_view"),
        ("rotated_90", "rotated_90"),
        ("rotated_180", "rotated_180"),
        ("rotated_270", "rotated_270"),
        ("inverted", "inverted"),
        ("small_in_frame", "small_in_frame"),
        ("other_radiograph", "wrong_body_part"),
        ("other_medical", "not_a_radiograph"),
        ("other_picture", "not_a_radiograph"),
    ],
)
def test_every_other_kind_is_refused_with_a_reason_and_a_way_out(kind: str, reason: str) -> None:
    refused = check_content(ENVELOPE, outputs(kind))
    assert refused is not None
    assert refused.reason == reason
    assert refused.detail.count(".") >= 2


def test_what_is_like_nothing_known_and_what_has_no_lungs_is_refused() -> None:
    unfamiliar, bare = check_content(ENVELOPE, outputs(novelty=3.1)), check_content(ENVELOPE, outputs(lungs=0.05))
    assert (unfamiliar and unfamiliar.reason, bare and bare.reason) == ("unfamiliar", "lungs_not_seen")


def two_lungs() -> np.ndarray:
    lungs = np.full((1, 12, 12), 0.1, np.float32)
    lungs[0, 2:10, 2:5] = lungs[0, 2:10, 7:10] = 0.9
    return lungs


def test_two_whole_lungs_need_no_remark_nor_does_a_bundle_that_sees_none() -> None:
    assert lung_remarks(two_lungs()) == ()
    assert lung_remarks(None) == ()


@pytest.mark.parametrize("edge", [np.s_[0, 3:8, 0], np.s_[0, 3:8, -1], np.s_[0, -1, 2:5]])
def test_lungs_at_an_edge_are_remarked(edge: Any) -> None:
    lungs = two_lungs()
    lungs[edge] = 0.9
    assert lung_remarks(lungs) == ("lungs_cut_off",)


def test_a_lung_that_is_hardly_seen_is_remarked() -> None:
    lungs = two_lungs()
    lungs[0, :, 6:] = 0.02
    assert lung_remarks(lungs) == ("one_lung_seen",)
