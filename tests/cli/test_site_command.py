"""``pneumoscope site`` from the first film to the verdict, as a user runs it."""

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny import film

from pneumoscope.cli import main
from pneumoscope.decision.site_profile import read_profile

Site = Callable[..., tuple[int, str, str]]


@pytest.fixture
def site(capsys: pytest.CaptureFixture[str]) -> Site:
    """Run an action; gives exit code, standard output and standard error."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        code = main(["site", *map(str, arguments)])
        return code, *capsys.readouterr()

    return run


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A list of 90 films: bright ones are pneumonias, and one cannot be read."""
    folder = tmp_path_factory.mktemp("clinic")
    generator = np.random.default_rng(0)
    rows = []
    for number in range(90):
        label = "pneumonia" if number < 45 else "normal"
        brightness = int(generator.integers(150, 230) if number < 45 else generator.integers(60, 140))
        pixels = film(brightness, 128, 128)
        pixels[0, 0] = number  # no two are the same file
        Image.fromarray(pixels).save(folder / f"{number}.png")
        rows.append([f"{number}.png", label, f"p{number}", 2 + number % 3, "AP", f"room <{number % 2}>"])
    (folder / "bad.png").write_bytes(b"not a picture")
    rows.append(["bad.png", "normal", "p90", "", "", ""])
    with (folder / "films.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["path", "label", "patient", "age", "view", "device"])
        writer.writerows(rows)
    return folder / "films.csv"


def test_plan_in_words_as_json_and_as_a_page(site: Site, tmp_path: Path) -> None:
    page = tmp_path / "plan.html"
    code, out, err = site("plan", "--prevalence", "0.1", "--out", page)
    assert (code, err) == (0, f"wrote {page}\n")
    assert "collect 59 patients with pneumonia" in out
    assert "59 patients with pneumonia, none missed" in page.read_text()
    code, out, _ = site("plan", "--recall", "0.9", "--json")
    assert json.loads(out)["positives"] == 29
    with pytest.raises(SystemExit):
        site("plan", "--out", tmp_path / "plan.pdf")
    with pytest.raises(SystemExit):
        site("plan", "--recall", "1.5")


def test_the_whole_way(site: Site, labelled: Path, tiny_bundle: Path, make_bundle, tmp_path: Path, capsys) -> None:
    out = tmp_path / "validation"
    code, said, _ = site("validate", "--data", labelled, "--out", out, "--bundle", tiny_bundle, "--prevalence", "0.3")
    assert code == 3  # one film was not assessed
    assert "of 45 patients with pneumonia are found" in said
    page = (out / "validation.html").read_text()
    assert "room &lt;1&gt;" in page
    assert "not_an_image" in page
    assert "to be filled by the site" in page
    made = json.loads((out / "validation.json").read_text())
    assert made["counts"]["not_assessed"] == 1
    assert [row["name"] for row in made["groups"]["age"]] == ["1 to 5 years", "not known"]

    profile = tmp_path / "clinic.json"
    freeze = ("freeze", out, "--name", "Clinic <A>", "--who", "Dr A", "--out", profile)
    code, _, err = site(*freeze)
    assert code == 2
    assert "59 are needed: 14 are missing" in err
    assert not profile.exists()
    code, said, _ = site(*freeze, "--recall", "0.9", "--go-specificity", "0.5", "--go-not-assessed", "0.2")
    assert code == 0
    assert f"sha256 of {profile}: {read_profile(profile).sha256}" in said
    assert "Clinic &lt;A&gt;" in profile.with_suffix(".html").read_text()
    assert "never written over" in site(*freeze)[2]

    screen = ["screen", str(labelled), "--bundle", str(tiny_bundle), "--site", str(profile)]
    assert main([*screen, "--json"]) == 3
    lines = capsys.readouterr().out
    results = tmp_path / "results.jsonl"
    records = [json.loads(line) for line in lines.splitlines()]
    assert {row["site_profile_sha256"] for row in records} == {read_profile(profile).sha256}
    assert {row["operating_point"] for row in records} == {"site"}
    results.write_text(lines)
    assert main([*screen, "--html", str(tmp_path / "page.html")]) == 3
    assert "Site profile of Clinic <A>." in capsys.readouterr().out
    assert "Clinic &lt;A&gt;" in (tmp_path / "page.html").read_text()

    code, said, _ = site("shadow", results, "--site", profile, "--reports", labelled, "--out", tmp_path / "shadow.html")
    assert code == 0, said
    assert said.endswith("GO: 91 films with a report\n")
    assert json.loads((tmp_path / "shadow.json").read_text())["verdict"] == "go"

    code, said, _ = site("watch", results, "--site", profile, "--list", labelled, "--out", tmp_path / "watch.html")
    assert code == 5  # half of these films are pneumonias, and the site stated 30%
    assert "ALARM The scores fit a prevalence of 50.0%" in said
    page = (tmp_path / "watch.html").read_text()
    assert "room &lt;1&gt;" in page
    assert "No threshold was moved" in page

    other = make_bundle(tmp_path / "other.onnx", {"version": "9"})
    code = main(["screen", str(labelled), "--bundle", str(other), "--site", str(profile)])
    assert code == 2
    assert "thresholds do not carry over" in capsys.readouterr().err
    profile.write_text(profile.read_text().replace("Dr A", "Dr B"))
    assert main(screen) == 2
    assert "changed after it was frozen" in capsys.readouterr().err


def test_changed_predictions_are_not_frozen(site: Site, labelled: Path, tiny_bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "validation"
    site("validate", "--data", labelled, "--out", out, "--bundle", tiny_bundle)
    predictions = out / "predictions.csv"
    predictions.write_text(predictions.read_text().replace("p7,", "p8,"))
    freeze = ("freeze", out, "--name", "A", "--who", "B", "--recall", "0.9", "--out", tmp_path / "a.json")
    code, _, err = site(*freeze)
    assert code == 2
    assert "not the predictions that were validated" in err
    assert "a profile is JSON" in site(*freeze[:-1], tmp_path / "a.txt")[2]


def test_the_calibrated_probability_moves_to_the_sites_prevalence(
    site: Site, labelled: Path, make_bundle: Callable[..., Path], tmp_path: Path
) -> None:
    """Elkan's formula in odds; and no number where the card does not say what it was calibrated at."""
    from pneumoscope.screening.screener import Screener

    for counts, known in (({"films": 10, "normal": 4}, True), (None, False)):
        bundle = make_bundle(tmp_path / f"{known}.onnx", {"validation": {"counts": counts} if counts else {}})
        out, profile = tmp_path / f"{known}", tmp_path / f"{known}.json"
        site("validate", "--data", labelled, "--out", out, "--bundle", bundle, "--prevalence", "0.2")
        site("freeze", out, "--name", "A", "--who", "B", "--recall", "0.9", "--out", profile)
        with Screener(bundle, site=profile) as screener:
            result = screener.screen(film(150))
        if not known:
            assert result.probability_at_site is None
            assert "does not say at which prevalence" in (out / "validation.html").read_text()
            continue
        odds = result.probability / (1 - result.probability) * (0.2 / 0.8) / (0.6 / 0.4)
        assert result.probability_at_site == pytest.approx(odds / (1 + odds))


def test_results_of_weeks_ago_make_a_chart_of_weeks(
    site: Site, labelled: Path, tiny_bundle: Path, tmp_path: Path, capsys
) -> None:
    out, profile = tmp_path / "validation", tmp_path / "a.json"
    site("validate", "--data", labelled, "--out", out, "--bundle", tiny_bundle)
    site("freeze", out, "--name", "A", "--who", "B", "--recall", "0.9", "--out", profile)
    main(["screen", str(labelled), "--bundle", str(tiny_bundle), "--json"])
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    start = datetime(2027, 1, 4, tzinfo=UTC)
    for number, record in enumerate(np.random.default_rng(0).permutation(records)):
        record["time"] = (start + timedelta(hours=6 * number)).isoformat()
    results = tmp_path / "results.jsonl"
    results.write_text("".join(json.dumps(record) + "\n" for record in records))
    code, said, _ = site("watch", results, "--site", profile, "--out", tmp_path / "watch.html")
    assert (code, said) == (0, "91 films, 0 alarms\n")
    weeks = [row["name"] for row in json.loads((tmp_path / "watch.json").read_text())["periods"]]
    assert weeks == ["2027-W01", "2027-W02", "2027-W03", "2027-W04"]
