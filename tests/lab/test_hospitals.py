"""The many-hospitals campaign: what is trained on, how cut-out lungs are read, and what a network is chosen by."""

from argparse import ArgumentTypeError
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from experiments.hospitals import decision, page, sources
from experiments.hospitals.candidates import compare
from experiments.hospitals.heads.ablations import group_robust, source_blind
from experiments.hospitals.heads.fit import Fits, Head, fit, weighed
from experiments.hospitals.heads.judged import candidates
from experiments.hospitals.heads.refits import judge
from experiments.hospitals.line import between, side
from experiments.hospitals.lungs import surround, write_surrounded
from experiments.hospitals.marks import without_telling_marks
from experiments.hospitals.measure import home_kept, measure, table, worst_pair
from experiments.hospitals.sources import Film, choose, elsewhere, in_second_block, left_out
from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.decision.labels import Label
from pneumoscope.errors import DataError
from pneumoscope.files import write_json
from pneumoscope.imaging import read

HEADER = "path,label,subtype,age,sex,view,patient,source,licence,note\n"


def _film(source: str, label: Label, number: int = 0, split: str = "val", **more: object) -> Film:
    hospital = sources.HOSPITALS.get(source, source)
    one = LabelledRadiograph(Path(f"{number}.jpg"), label, None, f"{source}/{label}/{number}", split, hospital)
    return replace(Film(one, source, "", None, False), **more)


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Forty films each of nih (four a patient), rsna and cohen, and rows that must be left out."""
    rows = []
    for number in range(40):
        label = ("normal", "pneumonia")[number % 2]
        note = "reader class (RSNA 2018): Lung Opacity; confirmed" if number < 4 else "label mined, noisy"
        rows.append(f"nih/{number}.jpg,{label},,40,F,PA,p{number // 4},nih,free,{note}")
        rows.append(f"rsna/{number}.jpg,normal,,9,F,AP Supine,r{number},rsna,free,")
        rows.append(f"cohen/{number}.jpg,{'pneumonia' if number < 32 else 'normal'},viral,,M,PA,c{number},cohen,free,")
    rows.append("nih/x.jpg,pneumonia,,40,F,PA,px,nih,free,reader class: Normal; contradicted")
    rows.append("rsna_lungs/x.jpg,other_abnormal,,40,F,PA,x,rsna_lungs,free,")
    (tmp_path / "manifest.csv").write_text(HEADER + "\n".join(rows) + "\n")
    monkeypatch.setattr(sources, "data", lambda folder: tmp_path)
    return tmp_path


def test_films_elsewhere_are_divided_by_patient_within_source(manifest: Path) -> None:
    films = elsewhere()
    assert len(films) == 120
    sides = {(film.labelled.patient, film.labelled.split) for film in films}
    assert len({patient for patient, _ in sides}) == len(sides)
    held_out = {film.source for film in films if film.labelled.split == "val"}
    assert held_out == {"nih", "rsna", "cohen"}
    rsna = [film for film in films if film.source == "rsna"]
    assert sum(film.labelled.split == "val" for film in rsna) == 8
    assert {(film.view, film.labelled.source) for film in rsna} == {("AP", "nih_normals")}


def test_pneumonias_that_nobody_confirmed_weigh_half_and_normals_of_cohen_are_never_trained_on(manifest: Path) -> None:
    films = elsewhere()
    weights = {(film.source, film.labelled.positive, film.confirmed): film.labelled.weight for film in films}
    expected = {("nih", True, True): 4, ("nih", True, False): 2, ("nih", False, False): 4, ("nih", False, True): 4}
    expected |= {("rsna", False, False): 1, ("cohen", True, False): 1, ("cohen", False, False): 1}
    assert weights.items() <= expected.items()
    assert {("nih", True, False), ("rsna", False, False)} <= weights.keys()
    normals = [film for film in films if film.source == "cohen" and not film.labelled.positive]
    assert {film.labelled.split for film in normals} == {"val"}


def test_a_film_of_hannover_and_cohen_counts_once_and_not_at_all_where_they_disagree(manifest: Path) -> None:
    lines = (manifest / "manifest.csv").read_text()
    for name, label in (("a", "pneumonia"), ("b", "pneumonia"), ("c", "normal")):
        lines += f"cohen/{name}.jpg,{label},,,M,PA,k{name},cohen,free,\n"
        lines += f"hannover/{name}.jpg,pneumonia,viral,,M,PA,h{name},hannover,free,\n"
    (manifest / "manifest.csv").write_text(lines)
    names = [film.labelled.path.relative_to(manifest).as_posix() for film in elsewhere()]
    assert [name for name in names if name[-5] in "abc"] == ["hannover/a.jpg", "hannover/b.jpg"]
    assert len(names) == 122


def test_training_films_with_a_mark_of_one_class_are_left_out_and_held_out_ones_stay(tmp_path: Path) -> None:
    films = []
    for number in range(120):
        label, marked = (Label.NORMAL, Label.PNEUMONIA)[number % 2], number % 4 == 1
        greys = np.random.default_rng(number).integers(40, 120, (6, 6), dtype=np.uint8)
        picture = Image.fromarray(greys).resize((224, 224), Image.Resampling.BICUBIC)
        draw, font = ImageDraw.Draw(picture), ImageFont.load_default(12)
        draw.text((12, 12), "R", fill=250, font=font)  # on all of them, so it tells nothing
        if marked:
            draw.text((185, 205), "KV59", fill=250, font=font)
        picture.save(tmp_path / f"{number}.png")
        one = _film("home", label, number, "train" if number < 100 else "val").labelled
        films.append(replace(one, path=tmp_path / f"{number}.png"))
    kept = {film.path.stem for film in without_telling_marks(films)}
    assert kept == {str(number) for number in range(120) if number >= 100 or number % 4 != 1}


def test_one_hospital_is_left_out_with_its_cut_out_lungs() -> None:
    assert left_out(["nih"]) == left_out(["nih_lungs"]) == {"nih", "nih_normals", "nih_lungs"}
    assert left_out(["cohen"]) == {"cohen"}


@pytest.mark.parametrize(("patient", "inside"), [("577", True), ("799", True), ("576", False), ("800", False)])
def test_the_second_home_set_is_a_range_of_numbers(patient: str, inside: bool) -> None:
    film = LabelledRadiograph(Path("x"), Label.NORMAL, None, f"normal/NORMAL2-IM/{patient}", "train")
    assert in_second_block(film) is inside
    assert not in_second_block(replace(film, patient=f"normal/IM/{patient}"))


def _cut_out() -> np.ndarray:
    """Two lungs with a hole in one, on black; more than four fifths is black."""
    pixels = np.zeros((256, 256), np.uint8)
    texture = np.random.default_rng(0).integers(60, 140, (256, 256))
    for left in (70, 140):
        pixels[60:180, left : left + 50] = texture[60:180, left : left + 50]
    pixels[100:130, 150:175] = 0
    return pixels


def test_black_around_lungs_and_holes_becomes_bright_and_the_square_holds_both(tmp_path: Path) -> None:
    for seed in range(10):
        filled = surround(_cut_out(), np.random.default_rng(seed))
        assert filled.shape[0] == filled.shape[1]
        assert 0.6 * 256 <= filled.shape[0] <= 256
        assert (filled < 12).mean() < 0.02
    Image.fromarray(_cut_out()).save(tmp_path / "lungs.png")
    (tmp_path / "to").mkdir()
    first = write_surrounded(tmp_path / "lungs.png", tmp_path / "to")
    content = first.read_bytes()
    first.unlink()
    assert write_surrounded(tmp_path / "lungs.png", tmp_path / "to").read_bytes() == content
    assert min(read(first).pixels.shape) >= 112  # screening reads it, and refuses the black one


def _rows(scores: Sequence[tuple[str, Label, float]], **more: object) -> list[dict]:
    films = [_film(source, label, number, **more) for number, (source, label, _) in enumerate(scores)]
    return measure(films, np.array([score for *_, score in scores]))


def test_rates_are_of_one_source_and_have_no_auc_with_one_class() -> None:
    scores = [("nih", Label.NORMAL, -1.0), ("nih", Label.NORMAL, 1.0), ("nih", Label.PNEUMONIA, 2.0)]
    rows = {(row["source"], row["group"]): row for row in _rows([*scores, ("hannover", Label.PNEUMONIA, -1.0)])}
    nih, hannover = rows["nih", "all"], rows["hannover", "all"]
    assert (nih["specificity"]["value"], nih["sensitivity"]["value"], nih["auc"]["value"]) == (0.5, 1.0, 1.0)
    assert (hannover["specificity"], hannover["sensitivity"]["value"], hannover["auc"]) == (None, 0.0, None)
    assert rows["nih", "confirmed"]["pneumonias"] == 0


def test_the_worst_pair_takes_the_lowest_of_each_and_small_groups_choose_nothing() -> None:
    groups = [("home", Label.NORMAL, 0.9), ("home", Label.PNEUMONIA, 0.8), ("pakistan", Label.NORMAL, 0.5)]
    scores = []
    for source, label, right in groups:
        sign = 1 if label is Label.PNEUMONIA else -1
        scores += [(source, label, sign if number < 20 * right else -sign) for number in range(20)]
    scores += [("hannover", Label.PNEUMONIA, -1.0)] * 19
    assert worst_pair(_rows(scores)) == (pytest.approx((0.5 + 0.8) / 2), "pakistan all", "home all")
    assert "| pakistan | all | 20 | 50.0%" in table(_rows(scores)).splitlines()[3]


@pytest.mark.parametrize(("wrong", "kept"), [(0, True), (40, False)])
def test_home_must_be_kept(wrong: int, kept: bool) -> None:
    scores = [("home", Label.NORMAL, -1.0)] * 100 + [("home", Label.PNEUMONIA, 1.0)] * (100 - wrong)
    assert home_kept(_rows(scores + [("home", Label.PNEUMONIA, -2.0)] * wrong)) is kept


def test_all_held_out_films_are_chosen_and_no_more_training_films_than_asked_for() -> None:
    films = [_film("nih", Label.NORMAL, number, "train" if number < 30 else "val") for number in range(50)]
    places = choose(films, 12)
    sides = [films[place].labelled.split for place in places]
    assert (sides.count("train"), sides.count("val")) == (12, 20)
    np.testing.assert_array_equal(places, choose(films, 12))


def test_a_head_learns_the_class_and_not_the_source() -> None:
    # Column 0 tells the class weakly, column 1 the source, which goes with the class in number.
    rng, films, features = np.random.default_rng(0), [], []
    for source, normals, sick in (("nih", 180, 20), ("home", 20, 180)):
        for number in range(normals + sick):
            label = Label.NORMAL if number < normals else Label.PNEUMONIA
            films.append(_film(source, label, number, "train"))
            features.append([rng.normal(label is Label.PNEUMONIA, 0.5), rng.normal(source == "home", 0.1)])
    head = fit(np.array(features), films)
    effect = head.scores(np.eye(2)) - head.scores(np.zeros((1, 2)))
    assert effect[0] > 1
    assert abs(effect[1]) < 0.3 * effect[0]


def test_a_head_is_pulled_to_another_one_the_more_the_larger_the_ridge(separated: Fits) -> None:
    chosen = separated.trained()
    features, films = separated.features[chosen], separated.films_of(chosen)
    wrong = Head(np.array([[1.0, 0, 0], [0, 2, 0]]), np.array([0.5, 0, 0]))
    held, free = (fit(features, films, ridge, toward=wrong) for ridge in (1e4, 1e-3))
    np.testing.assert_allclose(held.kernel, wrong.kernel, atol=0.01)
    assert ((free.scores(features) > 0) == [film.labelled.positive for film in films]).all()


def test_a_network_between_two_is_on_the_straight_line() -> None:
    first, last = [np.zeros(3, np.float32)], [np.full(3, 8, np.float32)]
    assert between(first, last, 0.25)[0].tolist() == [2.0] * 3


def test_the_page_holds_the_record() -> None:
    assert page.filled() == page.PAGE.read_text(encoding="utf-8"), "run: python -m experiments.hospitals.page"


def test_the_rule_is_set_by_the_groups_of_the_protocol() -> None:
    rng = np.random.default_rng(0)
    films = [
        _film(source, (Label.PNEUMONIA, Label.NORMAL)[n % 2], n, view="PA")
        for source in ("home", "nih", "cohen", "hannover")
        for n in range(120)
    ]
    scores = np.array([rng.normal(1.5 if film.labelled.positive else -1.5, 1) for film in films])
    rule = decision.fit_rule(films, scores)
    assert rule.calibration.prevalence == 0.5
    found = decision.answers(films, scores, rule)
    counts = {(row["source"], row["label"]): row for row in found if row["group"] == "all"}
    assert all(row["normal"] + row["uncertain"] + row["pneumonia"] == 60 for row in counts.values())
    assert counts["home", "pneumonia"]["normal"] == 0  # 99% of 60
    assert max(counts[source, "pneumonia"]["normal"] for source in ("cohen", "hannover")) <= 3
    normals = counts["home", "normal"]
    assert normals["pneumonia"] <= 3  # 95% of 60
    assert rule.operating_point().policy.startswith("the lowest that clears 95% of the normals of home")


def test_the_default_meets_all_bars_where_a_threshold_does() -> None:
    films = [
        _film(source, (Label.PNEUMONIA, Label.NORMAL)[n % 2], n, view="PA")
        for source in ("home", "nih", "cohen", "hannover")
        for n in range(120)
    ]
    rng = np.random.default_rng(0)
    scores = np.array([rng.normal(2.4 if film.labelled.positive else -2.4, 1) for film in films])
    rule = decision.fit_rule(films, scores)
    threshold = decision.threshold_score(rule, rule.operating_point().threshold)
    assert "find 95.9% of the pneumonias of home, 94% of" in rule.operating_point().policy
    home = np.array([film.source == "home" for film in films])
    positive = np.array([film.labelled.positive for film in films])
    assert np.mean(scores[home & ~positive] <= threshold) >= 0.95
    assert np.mean(scores[home & positive] > threshold) >= 0.959


@pytest.fixture
def separated() -> Fits:
    """Features of films of three hospitals: column 0 tells the class."""
    rng = np.random.default_rng(0)
    films = [
        _film(source, (Label.NORMAL, Label.PNEUMONIA)[n % 2], n, ("train", "val")[n % 4 > 1])
        for source in ("home", "nih", "hannover", "pakistan", "cohen")
        for n in range(100)
        if not (source == "hannover" and n % 2 == 0) and not (source == "pakistan" and n % 2)
    ]
    columns = [[rng.normal(4 if film.labelled.positive else -4), rng.normal()] for film in films]
    return Fits(np.array(columns), films, 0.01)


def test_a_head_without_a_hospital_never_saw_it_and_is_measured_on_all_of_it(separated: Fits) -> None:
    fitted = {film.labelled.source for film in separated.films_of(separated.trained("pakistan"))}
    assert fitted == {"home", "nih", "hannover", "cohen"}
    [row] = separated.unseen("pakistan")
    assert (row["source"], row["normals"], row["pneumonias"]) == ("pakistan", 50, 0)
    assert row["specificity"]["value"] > 0.9
    films, scores = separated.held_out(separated.head(), "nih")
    assert {film.source for film in films} == {"home", "hannover", "pakistan", "cohen"}
    assert len(scores) == len(films)


def test_a_refit_passes_where_home_is_kept_and_normals_are_answered_normal(separated: Fits) -> None:
    films, scores = separated.held_out(separated.head())
    films = [
        replace(film, source="rsna", view=("PA", "AP")[n % 2], age=9.0) if film.source == "pakistan" else film
        for n, film in enumerate(films)
    ]
    good = judge(compare(films, scores))
    assert good["passes"]
    assert good["elsewhere"]["cohen"] >= 0.76
    at_home = np.array([film.source == "home" and film.labelled.positive for film in films])
    lost = judge(compare(films, np.where(at_home & (np.arange(len(films)) % 3 == 0), -3.0, scores)))
    assert not lost["passes"]
    assert lost["home"] < good["home"]


def test_the_own_head_of_a_network_stands_once_and_must_be_the_same(separated: Fits, tmp_path: Path) -> None:
    films, _ = separated.held_out(separated.head())
    films = [
        replace(film, source=source, view=("PA", "AP")[n % 2], age=9.0)
        for n, film in enumerate(films)
        for source in {"nih": ("nih", "rsna_lungs"), "pakistan": ("pakistan", "rsna")}.get(film.source, (film.source,))
    ]
    sick = np.array([film.labelled.positive for film in films])
    last = np.arange(len(films)) == np.flatnonzero(sick)[-1]
    good, better = (compare(films, np.where(sick & ~lost, 3.0, -3.0)) for lost in (last, np.zeros_like(last)))
    paths = [tmp_path / name for name in ("one.json", "two.json", "other.json")]
    for path, own in zip(paths, (good, good, better), strict=True):
        write_json(path, {"network": own, "all": better})
    rows = candidates([("net:ridge 1", paths[0]), ("net", paths[1])])
    assert [(row["network"], row["head"]) for row in rows] == [("net", "own"), ("net", "ridge 1"), ("net", "refitted")]
    with pytest.raises(DataError, match=r"other\.json: its own head"):
        candidates([("net", paths[0]), ("net", paths[2])])


def test_a_side_is_a_multiple_of_32() -> None:
    assert side("224") == 224
    with pytest.raises(ArgumentTypeError, match="200: must be a multiple of 32"):
        side("200")


def test_films_of_home_can_weigh_more() -> None:
    films = [_film("home", Label.NORMAL), _film("nih", Label.NORMAL)]
    assert [film.labelled.weight for film in weighed(films, 4.0)] == [4.0, 1.0]


def test_a_group_robust_head_finds_more_of_the_worst_group() -> None:
    rng = np.random.default_rng(0)
    films = [
        _film(source, (Label.NORMAL, Label.PNEUMONIA)[n % 2], n)
        for source, count in (("home", 300), ("nih", 30))
        for n in range(count)
    ]
    sign = np.array([1.0 if film.labelled.positive else -1.0 for film in films])
    home = np.array([film.source == "home" for film in films])
    # Column 0 serves home and misleads nih; column 1 serves both, and less.
    columns = np.column_stack([np.where(home, 2, -1) * sign, 0.7 * sign]) + rng.normal(0, 1, (len(films), 2))

    def right(head: Head) -> float:
        return float(np.mean((head.scores(columns) > 0) == (sign > 0), where=~home))

    assert right(group_robust(columns, films, 0.01)) > right(fit(columns, films, 0.01)) + 0.1


def test_a_source_blind_head_does_not_move_with_the_source() -> None:
    rng = np.random.default_rng(0)
    films = [_film(source, (Label.NORMAL, Label.PNEUMONIA)[n % 2], n) for source in ("home", "nih") for n in range(200)]
    sign = np.array([1.0 if film.labelled.positive else -1.0 for film in films])
    nih = np.array([film.source == "nih" for film in films])
    columns = np.column_stack([sign + 3 * nih, sign, rng.normal(0, 1, len(films))])
    columns += rng.normal(0, 0.3, columns.shape)
    shift = np.array([[3.0, 0.0, 0.0]])
    head = source_blind(columns, films, 0.01)
    moved = head.scores(columns + shift) - head.scores(columns)
    assert np.abs(moved).max() < 0.1 * np.abs(head.scores(columns)).mean()
    assert np.mean((head.scores(columns) > 0) == (sign > 0)) > 0.8
