import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from sites import BUNDLE, RULE, make_profile

from pneumoscope.decision.labels import Finding
from pneumoscope.decision.site_profile import Criteria, SiteProfile, read_profile
from pneumoscope.errors import DataError


@pytest.fixture(scope="module")
def profile() -> SiteProfile:
    return make_profile(statement="Beside the reader “always”.")


def test_a_profile_comes_back_and_its_digest_is_that_of_the_file(profile: SiteProfile, tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    profile.write(path)
    assert read_profile(path) == profile
    assert profile.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert json.loads(path.read_text())["profile"]["bundle_sha256"] == BUNDLE


def test_every_changed_byte_is_noticed(profile: SiteProfile, tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    profile.write(path)
    content = path.read_bytes()
    for place in range(0, len(content), 7):
        for changed in (content[place] ^ 1, ord("1"), ord(" ")):
            if changed == content[place]:
                continue
            path.write_bytes(content[:place] + bytes([changed]) + content[place + 1 :])
            with pytest.raises(DataError, match="profile"):
                read_profile(path)
    for other in (content + b"\n", content[:-1], content[1:], b"", b"[" * 100_000, b"\xff\xfe"):
        path.write_bytes(other)
        with pytest.raises(DataError, match="profile"):
            read_profile(path)


def test_an_edited_threshold_is_noticed_though_the_file_is_still_json(profile: SiteProfile, tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    content = json.loads(profile.to_text())
    content["profile"]["rule_out"] = 0.5
    path.write_text(json.dumps(content, indent=2) + "\n")
    with pytest.raises(DataError, match="changed after it was frozen"):
        read_profile(path)
    with pytest.raises(DataError, match="cannot be read"):
        read_profile(tmp_path / "none.json")


def test_another_bundle_is_refused_in_one_sentence(profile: SiteProfile) -> None:
    with pytest.raises(DataError) as refused:
        profile.rule_for(RULE, "0" * 64)
    assert "is for the bundle tiny 1, abababababab, and not for 000000000000" in str(refused.value)
    assert str(refused.value).count(". ") == 0


def test_the_rule_of_a_site_answers_with_its_thresholds(profile: SiteProfile) -> None:
    rule = profile.rule_for(RULE, BUNDLE)
    point = rule.operating_point()
    assert (point.name, point.threshold, rule.rule_out) == ("site", profile.rule_in, profile.rule_out)
    assert rule.operating_point("balanced") == RULE.operating_point("balanced")
    for probability in (0.0, profile.rule_out - 1e-9, profile.rule_out, 0.79, 0.8, 1.0):
        assert rule.finding(probability, point) is profile.finding(probability)
    assert profile.finding(profile.rule_out) is Finding.UNCERTAIN
    assert profile.rule_for(rule, BUNDLE).operating_points == rule.operating_points  # a second time adds nothing


@pytest.mark.parametrize(
    "wrong",
    [
        {"rule_in": 1.0},
        {"rule_out": 0.0},
        {"prevalence": 0.0},
        {"calibration_prevalence": 1.0},
        {"site": " "},
        {"who": ""},
        {"created": "2026-01-01T00:00:00"},
    ],
)
def test_values_out_of_range_are_refused(profile: SiteProfile, wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"must lie|does not say"):
        replace(profile, **wrong)  # type: ignore[arg-type]


def test_a_reference_and_criteria_must_make_sense(profile: SiteProfile) -> None:
    reference = profile.reference
    for wrong in (
        {"edges": reference.edges[:-1]},
        {"edges": (reference.edges[-1], *reference.edges[:-1])},
        {"pneumonia": tuple(0 for _ in reference.pneumonia)},
        {"answers": {}},
    ):
        with pytest.raises(ValueError, match="reference"):
            replace(reference, **wrong)
    with pytest.raises(ValueError, match="proves nothing"):
        Criteria(0.95, 0.5, 0.05, 0.4)
