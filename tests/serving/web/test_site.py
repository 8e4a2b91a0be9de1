"""The page of the site on films that the station has judged: validate, freeze, and the profile in force."""

import csv
import hashlib
import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from served import SAME, served
from stations import SAMPLES, encode, make_film

from pneumoscope.decision.operating_point import threshold_text
from pneumoscope.decision.site_profile import read_profile
from pneumoscope.serving.deliverables import PREVIEW
from pneumoscope.serving.settings import Settings, WebSettings
from pneumoscope.serving.station import Station
from pneumoscope.serving.store.films import Origin
from pneumoscope.serving.store.people import People, Role
from pneumoscope.serving.web import guard

SICK = [f"synthetic-{kind}-{number}.png" for kind in ("bacterial", "viral") for number in (1, 2, 3)]
WELL = [f"synthetic-normal-{number}.png" for number in (1, 2, 3, 4)]
LOW = {"site": "Ward  7", "responsible": "Dr A", "recall": "0.6", "confidence": "0.6"}
"""What so few films can promise."""

PASSWORD = "a long enough password"  # noqa: S105
ACTIONS = ("/site/validation", "/site/site.json", "/site/predictions.csv")


def fill(station: Station) -> None:
    """Six pneumonias of five patients and four normals of four, one of which came as a PNG."""
    for number, sample in enumerate((*SICK, *WELL[1:])):
        film = make_film(number, sample, PatientID=f"SYN{max(number, 1)}")
        station.intake.accept(encode(film), Origin.DICOM)
    station.intake.accept((SAMPLES / WELL[0]).read_bytes(), Origin.PAGE, name=WELL[0])
    until = time.monotonic() + 60
    while station.films.counts()["waiting"] + station.films.counts()["working"]:
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path | None], Station]]:
    """Starts stations that have judged these films."""
    running = []

    def start(site: Path | None = None) -> Station:
        folder = tmp_path_factory.mktemp("station")
        made = Station(Settings(state=folder, site=site, workers=1, free=0, web=WebSettings(port=0)))
        running.append(made)
        made.start()
        fill(made)
        return made

    yield start
    for one in running:
        one.stop()


@pytest.fixture(scope="module")
def station(started: Callable[[Path | None], Station]) -> Station:
    return started(None)


def listed(station: Station) -> list[dict[str, str]]:
    """The true labels."""
    found = [film for film, _ in station.results.between(0, time.time() + 1)]
    truth = {f"2.25.1000{number}": "pneumonia" for number in range(6)}
    return [{"source_sha256": film.sha256, "label": truth.get(film.sop_uid, "normal")} for film in found]


def table(rows: list[dict[str, str]]) -> dict[str, tuple[str, str]]:
    text = io.StringIO()
    writer = csv.DictWriter(text, dict.fromkeys(name for row in rows for name in row))
    writer.writeheader()
    writer.writerows(rows)
    return {"labels": ("labels.csv", text.getvalue())}


def test_a_list_validates_what_was_judged_and_counts_patients(client: httpx.Client, station: Station) -> None:
    answer = client.post("/site/validation", data={"prevalence": "0.1"}, files=table(listed(station)))
    assert answer.status_code == 200
    for words in (
        "Does it work here? labels.csv",
        "10 films assessed: 6 with pneumonia of 5 patients, 4 normal of 4 patients",
        "Not shown: that at least 95%",
        "Of 1 films the patient is not known",
        "at a prevalence of 10%",
        "age: 1 to 5 years",
        "view: AP",
    ):
        assert words in answer.text
    assert "SYN" not in answer.text
    policy = answer.headers["content-security-policy"]
    assert ("sha256-" in policy, "unsafe" in policy, " style=" in answer.text) == (True, False, False)


def test_a_list_names_films_by_content_uid_or_file(client: httpx.Client, station: Station) -> None:
    rows = [{"path": f"D:\\films\\{WELL[0]}", "label": "Normal", "patient": "a"}]
    rows += [{"sop_instance_uid": f"2.25.1000{number}", "label": "pneumonia", "patient": "b"} for number in (0, 1, 2)]
    rows += [{"source_sha256": listed(station)[8]["source_sha256"].upper(), "label": "normal"}]
    rows += [{"path": "elsewhere.png", "label": "normal"}, {"path": "unread.png", "label": ""}]
    page = client.post("/site/validation", files=table(rows)).text
    assert "5 films assessed: 3 with pneumonia of 1 patients, 2 normal of 2 patients" in page
    assert "Of 6 labels 1 fit no film" in page
    assert "patient is not known" not in page


def test_readers_are_the_labels_where_there_is_no_list(client: httpx.Client, station: Station) -> None:
    assert "There is no label" in client.post("/site/validation").text
    found = {film.sop_uid: film for film, _ in station.results.between(0, time.time() + 1)}
    for uid, seen in (("2.25.10000", "normal"), ("2.25.10000", "pneumonia"), ("2.25.10006", "normal")):
        client.post(f"/films/{found[uid].id}/verdict", data={"verdict": "agree", "seen": seen})
    page = client.post("/site/validation").text
    assert "2 films assessed: 1 with pneumonia of 1 patients, 1 normal of 1 patients" in page
    assert "readers who could see the answer" in page
    assert "2 films have one" in client.get("/site").text
    with station.database.writing() as write:
        write.execute("DELETE FROM verdicts")


def test_errors_are_shown_as_long_as_the_station_has_their_pictures(client: httpx.Client, station: Station) -> None:
    rows = [row | {"label": "normal"} if number == 0 else row for number, row in enumerate(listed(station))]
    with station.database.writing() as write:
        write.execute("UPDATE films SET spool = NULL")
    page = client.post("/site/validation", files=table(rows)).text
    assert "False alarms: 1 of 1" in page
    assert page.count("data:image/png") == 1
    place = next(path for film, result in station.results.between(0, time.time() + 1)
                 if film.sop_uid == "2.25.10000" for path in [station.folder / result.id / PREVIEW])  # fmt: skip
    place.rename(place.with_suffix(".gone"))
    page = client.post("/site/validation", files=table(rows)).text
    assert "not at hand" in page
    place.with_suffix(".gone").rename(place)


SHA = "cd" * 32


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("film,label\na,normal\n", "The list: the first line must name one of the columns path, source_sha256"),
        ("path,label\na.png,sick\n", "The list, line 2:"),
        ("path,label\n,normal\n", "The list, line 2: names no film"),
        (f"source_sha256,label\n{SHA},normal\n", "None of the 1 labels fits one of the 10 films"),
        ("path,label\na\0b.png,normal\n", "None of the 1 labels fits"),
        ("PK\x03\x04", "save it as CSV"),
        ("path,label\na.png,\n", "There is no label"),
        (f"path,label\n{WELL[0]},normal\n", "of both labels"),
        (f"path,label\na/{WELL[0]},normal\nb/{WELL[0]},pneumonia\n", "twice, and says different things"),
    ],
)
def test_a_list_that_will_not_do_has_a_sentence(client: httpx.Client, content: str, said: str) -> None:
    answer = client.post("/site/validation", files={"labels": ("labels.csv", content)})
    assert (answer.status_code, said in answer.text) == (422, True), answer.text


def test_two_films_of_one_name_are_not_guessed_at(client: httpx.Client, station: Station) -> None:
    with station.database.writing() as write:
        write.execute("UPDATE films SET name = ? WHERE sop_uid = '2.25.10000'", (WELL[0],))
    answer = client.post("/site/validation", files=table([{"path": WELL[0], "label": "normal"}]))
    assert (answer.status_code, "2 films of the station are called" in answer.text) == (422, True)
    with station.database.writing() as write:
        write.execute("UPDATE films SET name = '' WHERE sop_uid = '2.25.10000'")


def test_other_values_that_will_not_do_have_a_sentence(client: httpx.Client, station: Station) -> None:
    labels = table(listed(station))
    for path, data, said in (
        ("/site/validation", {"since": "yesterday"}, "A date is written YYYY-MM-DD"),
        ("/site/validation", {"until": "2001-01-01"}, "There are no results of this bundle in that time"),
        ("/site/validation", {"prevalence": "7"}, "The prevalence lies between"),
        ("/site/site.json", LOW | {"specificity": "nan"}, "The specificity lies between"),
        ("/site/site.json", LOW | {"responsible": " "}, "who is responsible"),
        ("/site/site.json", LOW | {"recall": "0.99999999"}, "will not do: recall"),
    ):
        answer = client.post(path, data=data, files=labels)
        assert (answer.status_code, said in answer.text) == (422, True), answer.text
    assert client.get("/site/plan?recall=0.99999999").status_code == 422


def test_a_list_that_is_too_large_is_refused(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MOST_FORM", 1000)
    assert client.post("/site/validation", files={"labels": ("labels.csv", b"x" * 1001)}).status_code == 413


def test_results_of_another_bundle_do_not_count(client: httpx.Client, station: Station) -> None:
    labels = table(listed(station))
    before = station.database.all("SELECT id, record FROM results")
    with station.database.writing() as write:
        write.execute("UPDATE results SET record = json_set(record, '$.model_sha256', ?)", (SHA,))
    answer = client.post("/site/validation", files=labels)
    with station.database.writing() as write:
        for row in before:
            write.execute("UPDATE results SET record = ? WHERE id = ?", (row["record"], row["id"]))
    assert (answer.status_code, "no results of this bundle" in answer.text) == (422, True)


def test_a_profile_that_the_films_cannot_support_is_refused(client: httpx.Client, station: Station) -> None:
    given = LOW | {"recall": "0.95", "confidence": "0.95"}
    answer = client.post("/site/site.json", data=given, files=table(listed(station)))
    assert answer.status_code == 422
    assert "There are 5 patients with pneumonia" in answer.text
    assert "59 are needed: 54 are missing" in answer.text


def test_only_physicists_validate_and_freeze(client: httpx.Client, station: Station, people: People) -> None:
    labels = table(listed(station))

    def codes() -> set[int]:
        return {client.post(path, data=LOW, files=labels).status_code for path in ACTIONS}

    assert codes() == {303}
    client.post("/login", data={"name": Role.READER.value, "password": PASSWORD})
    assert codes() == {403}
    client.post("/login", data={"name": Role.PHYSICIST.value, "password": PASSWORD})
    assert codes() == {200}


def test_a_frozen_profile_is_put_in_force_and_watched(
    client: httpx.Client, station: Station, started: Callable[[Path | None], Station], tmp_path: Path
) -> None:
    labels, place = table(listed(station)), tmp_path / "site.json"
    answer = client.post("/site/site.json", data=LOW | {"prevalence": "0.2", "specificity": "0.6"}, files=labels)
    assert 'filename="site.json"' in answer.headers["content-disposition"]
    place.write_bytes(answer.content)
    profile = read_profile(place)
    assert (profile.site, profile.who, profile.prevalence) == ("Ward 7", "Dr A", 0.2)
    assert (profile.evidence.pneumonia_patients, profile.evidence.normal_patients) == (5, 4)
    assert "At least 60% of the patients with pneumonia" in profile.guarantees[0]
    assert "patient is not known" in profile.guarantees[-1]
    predictions = client.post("/site/predictions.csv", files=labels)
    assert hashlib.sha256(predictions.content).hexdigest() == profile.evidence.predictions_sha256
    assert "SYN" not in predictions.text
    assert f"froze a site profile, sha256 {profile.sha256}" in client.get("/status").text

    ward = started(place)
    with served(ward) as address, httpx.Client(base_url=address, headers=SAME, trust_env=False, timeout=60) as page:
        shown = page.get("/site").text
        assert "The profile of <b>Ward 7</b>" in shown
        assert profile.rule_out > profile.rule_in  # then there are two answers
        assert f"<dt>normal below</dt><dd>{threshold_text(profile.rule_in)}</dd>" in shown
        assert profile.sha256 in page.get("/site/profile").text
        watched = page.get("/site/watch?by=day")
        assert watched.status_code == 200
        assert "10 films" in watched.text
        early = page.get("/site/shadow")
        assert (early.status_code, "have no report with a label" in early.text) == (422, True)
        for film, result in ward.results.between(0, time.time() + 1):
            seen = "pneumonia" if result.record["probability"] > 0.5 else "normal"
            page.post(f"/films/{film.id}/verdict", data={"verdict": "disagree", "seen": "other"})
            page.post(f"/films/{film.id}/verdict", data={"verdict": "agree", "seen": seen})
        shadowed = page.get("/site/shadow")
        assert shadowed.status_code == 200
        for words in ("Shadow: Ward 7", "10 films screened after", "10 have a reader's report", "0 reports fit no"):
            assert words in shadowed.text
        validated = page.post("/site/validation", files=labels).text
        assert f"site profile of Ward 7 <code>{profile.sha256[:16]}" in validated
        assert "came before the profile was frozen" not in validated
        with ward.database.writing() as write:
            write.execute("UPDATE films SET received = 1 WHERE sop_uid != ''")
        assert "9 films came before the profile was frozen" in page.post("/site/validation", files=labels).text
        again = page.post("/site/site.json", data=LOW, files=labels)
        place.write_bytes(again.content)
        assert read_profile(place).rule_in == station.screener.rule.operating_point().threshold != profile.rule_in
