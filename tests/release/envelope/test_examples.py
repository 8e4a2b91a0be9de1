from pathlib import Path

import numpy as np
import pytest

from pneumoscope.decision.envelope import Kind
from pneumoscope.errors import DataError
from pneumoscope.release.envelope.examples import Picture, list_pictures, list_radiographs, make_examples


def frontal(count: int) -> list[Picture]:
    return [Picture(Path(f"{index}.png"), Kind.FRONTAL, "one", str(index), "") for index in range(count)]


def test_a_radiograph_gives_itself_and_in_turn_what_may_and_what_may_not_be_judged() -> None:
    examples = list(make_examples(frontal(90)))
    assert len(examples) == 180
    assert sum(one.alteration is None for one in examples) == 90
    made = [one.kind for one in examples if one.alteration]
    refused = {Kind.ROTATED_90, Kind.ROTATED_180, Kind.ROTATED_270, Kind.INVERTED, Kind.SMALL}
    assert set(made) == {Kind.FRONTAL} | refused
    assert made.count(Kind.FRONTAL) == 40


def test_examples_are_the_same_every_time() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (120, 140), dtype=np.uint8)
    runs = [[one.alter(pixels) for one in make_examples(frontal(9))] for _ in range(2)]
    for first, second in zip(*runs, strict=True):
        np.testing.assert_array_equal(first, second)


def test_lateral_views_are_varied_most() -> None:
    lateral = Picture(Path("a.png"), Kind.LATERAL, "one", "a", "lateral")
    other = Picture(Path("b.png"), Kind.OTHER_PICTURE, "one", "b", "natural")
    kinds = [one.kind for one in make_examples([lateral, other])]
    assert (kinds.count(Kind.LATERAL), kinds.count(Kind.OTHER_PICTURE)) == (8, 3)


def test_manifests_name_kind_source_and_group(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures.csv"
    pictures.write_text(
        "file,kind,detail,source\na.jpg,ct,head,x\nb.jpg,ct,head,x\nc.jpg,natural,,y\nd.jpg,spine_torso_borderline,,z\n"
    )
    found = list_pictures(pictures)
    assert [one.kind for one in found] == [Kind.OTHER_MEDICAL, Kind.OTHER_MEDICAL, Kind.OTHER_PICTURE]
    assert found[0].group == found[1].group != found[2].group
    assert found[0].path == tmp_path / "a.jpg"
    films = tmp_path / "films.csv"
    films.write_text("path,source,patient,view,age\na.jpg,x,7,PA,12\nb.jpg,x,7,,\nc.jpg,cut,8,AP,40\n")
    listed = list_radiographs(films, ["cut"])
    assert [one.name for one in listed] == ["PA, under 13", "view unknown, age unknown"]
    assert {one.group for one in listed} == {"x/7"}


@pytest.mark.parametrize("content", ["file,kind\n", "", "\xff\xfe"])
def test_a_manifest_that_cannot_be_used_is_refused_and_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "pictures.csv"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(DataError, match=r"pictures\.csv"):
        list_pictures(path)
