"""The pages, as a browser without scripts sees them."""

import csv
import io
import re
import time
from pathlib import Path

import httpx
import pytest
from PIL import Image
from stations import SAMPLES, encode, make_film

from pneumoscope.decision.operating_point import threshold_text
from pneumoscope.serving.settings import TargetSettings
from pneumoscope.serving.station import Station
from pneumoscope.serving.store.films import Film, Origin

BATCH = "ab" * 16


def take(station: Station, content: bytes, name: str = "", origin: Origin = Origin.PAGE, batch: str = "") -> Film:
    """A film that is judged."""
    film, _ = station.intake.accept(content, origin, name=name, batch=batch)
    until = time.monotonic() + 60
    while (found := station.films.get(film.id)) and found.state in ("waiting", "working"):
        assert time.monotonic() < until
        time.sleep(0.02)
    assert found
    return found


def small(level: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (64, 64), level).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_film_is_shown_with_its_scale_and_facts(client: httpx.Client, station: Station) -> None:
    film = take(station, encode(make_film(900)), origin=Origin.DICOM)
    page = client.get(f"/films/{film.id}").text
    for words in (
        "Pneumonia",
        f"pneumonia from {threshold_text(station.screener.rule.operating_point().threshold)}",
        "Of 1,000 films",
        "4 years",
        "AP",
        "What do you say?",
        "archive",
    ):
        assert words in page
    assert "Synthetic^Film" not in page
    assert "SYN900" not in page
    picture = Image.open(io.BytesIO(client.get(f"/films/{film.id}/pixels").content))
    assert (picture.format, picture.mode) == ("PNG", "L")
    assert Image.open(io.BytesIO(client.get(f"/films/{film.id}/heat").content)).mode == "RGBA"
    thumbnail = Image.open(io.BytesIO(client.get(f"/films/{film.id}/thumbnail").content))
    assert max(thumbnail.size) <= 112


def test_a_film_between_bars_is_shown_without_them_and_its_heatmap_fits(client: httpx.Client, station: Station) -> None:
    plain = Image.open(SAMPLES / "synthetic-bacterial-2.png").convert("L").resize((448, 448))
    barred, buffer = Image.new("L", (748, 448)), io.BytesIO()
    barred.paste(plain, (150, 0))
    barred.save(buffer, "PNG")
    film = take(station, buffer.getvalue(), name="barred.png")
    for what in ("pixels", "heat"):
        width, height = Image.open(io.BytesIO(client.get(f"/films/{film.id}/{what}").content)).size
        assert width / height == pytest.approx(1, abs=0.03), what
    # A result of an earlier version covers the bars too.
    preview = station.folder / str(film.result) / "preview.png"
    barred.resize((224, 134)).save(preview)
    assert Image.open(io.BytesIO(client.get(f"/films/{film.id}/pixels").content)).size == (748, 448)


def test_the_preview_stays_when_the_pixels_are_gone(client: httpx.Client, station: Station) -> None:
    film = take(station, encode(make_film(901)), origin=Origin.DICOM)
    with station.database.writing() as write:
        write.execute("UPDATE films SET spool = NULL WHERE id = ?", (film.id,))
    assert Image.open(io.BytesIO(client.get(f"/films/{film.id}/pixels").content)).size == (224, 224)
    assert "canvas" in client.get(f"/films/{film.id}").text


def test_a_refused_picture_says_why_and_what_to_do(client: httpx.Client, station: Station) -> None:
    film = take(station, small(7), name="small.png")
    page = client.get(f"/films/{film.id}").text
    assert "Not assessed" in page
    assert "too_small" in page
    assert "Export the film at its original size" in page
    assert client.get(f"/films/{film.id}/heat").status_code == 404


def test_names_are_escaped_and_searched_for_without_an_address(client: httpx.Client, station: Station) -> None:
    take(station, small(8), name="<script>alert(1)</script>.png")
    page = client.post("/", data={"text": "<script>alert"}).text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "No film is like that" in client.post("/", data={"text": "there is none"}).text


def test_the_list_is_narrowed_and_sends_nothing_twice(client: httpx.Client, station: Station) -> None:
    take(station, small(9), name="narrow.png")
    found = client.post("/rows", data={"reason": "too_small"})
    assert "narrow.png" in found.text
    mark = re.search('data-mark="([0-9a-f]+)"', found.text)
    assert mark
    assert client.post("/rows", data={"reason": "too_small", "seen": mark[1]}).status_code == 204
    assert "narrow.png" not in client.post("/rows", data={"finding": "pneumonia"}).text
    assert "narrow.png" not in client.post("/rows", data={"until": "2001-01-01"}).text
    assert client.post("/rows", data={"since": "yesterday"}).status_code == 422
    assert client.get("/?order=urgent&finding=pneumonia").status_code == 200


def test_a_film_that_was_set_aside_is_tried_again(client: httpx.Client, station: Station) -> None:
    film = take(station, small(10))
    station.films.fail(film)
    assert "Try again" in client.get(f"/films/{film.id}").text
    client.post(f"/films/{film.id}/again")
    found = station.films.get(film.id)
    assert found
    assert found.state != "failed"


def test_a_verdict_is_kept_and_exported(client: httpx.Client, station: Station) -> None:
    film = take(station, encode(make_film(902)), origin=Origin.DICOM)
    given = {"verdict": "disagree", "seen": "normal", "comment": "an old scar"}
    assert client.post(f"/films/{film.id}/verdict", data=given).status_code == 303
    page = client.get(f"/films/{film.id}").text
    assert "an old scar" in page
    assert "disagrees" in client.post("/rows").text
    rows = csv.DictReader(io.StringIO(client.get("/site/verdicts.csv").text))
    mine = next(row for row in rows if row["source_sha256"] == film.sha256)
    assert (mine["label"], mine["verdict"], mine["reader"]) == ("normal", "disagree", "this machine")
    assert client.post(f"/films/{film.id}/verdict", data={"verdict": "amend"}).status_code == 422
    assert client.post(f"/films/{film.id}/verdict", data={"verdict": "odd"}).status_code == 422


def test_an_upload_without_scripts_leads_to_its_results_and_their_table(client: httpx.Client, station: Station) -> None:
    files = [("file", ("=a.png", small(11))), ("file", ("film.png", (SAMPLES / "synthetic-normal-2.png").read_bytes()))]
    answer = client.post("/upload", data={"batch": BATCH}, files=files)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/batches/{BATCH}")
    take(station, small(11), batch=BATCH)
    take(station, (SAMPLES / "synthetic-normal-2.png").read_bytes(), batch=BATCH)
    page = client.get(f"/batches/{BATCH}").text
    assert "film.png" in page
    assert "1 normal" in page
    rows = list(csv.DictReader(io.StringIO(client.get(f"/batches/{BATCH}.csv").text)))
    assert {row["source"] for row in rows} == {"'=a.png", "film.png"}
    assert {row["finding"] for row in rows} == {"", "normal"}


def test_a_script_is_told_of_each_file(client: httpx.Client) -> None:
    answer = client.post("/upload", files=[("file", ("e.png", b""))], headers={"accept": "application/json"})
    assert answer.json()["files"] == [{"name": "e.png", "said": "The file is empty; copy or export it again."}]


def test_a_target_is_added_tested_changed_and_switched_off(
    client: httpx.Client, station: Station, tmp_path: Path
) -> None:
    form = {"name": "ward", "path": str(tmp_path / "out"), "sends.json": "on"}
    added = client.post("/targets/new/folder", data=form)
    assert added.status_code == 303
    place = added.headers["location"]
    client.post(f"{place}/test")
    assert "A file could be written" in client.get(place).text
    client.post(place, data={"path": str(tmp_path / "other"), "sends.sr": "on"})
    target = station.outbox.target(place.rpartition("/")[2])
    assert target
    assert (target.sends, target.config) == (("sr",), {"path": str(tmp_path / "other")})
    client.post(f"{place}/switch")
    assert "switched off" in client.get(place).text
    assert "switched the target ward off" in client.get("/status").text
    again = client.post("/targets/new/folder", data=form)
    assert (again.status_code, "no other target has" in again.text) == (422, True)
    client.post(f"{place}/remove")
    assert client.get(place).status_code == 404


def test_a_password_of_a_target_is_kept_and_never_shown(client: httpx.Client, station: Station) -> None:
    form = {"name": "web", "url": "https://pacs.example/dicom-web", "user": "u", "password": "geheim", "timeout": "5"}
    place = client.post("/targets/new/stow", data=form | {"sends.sr": "on"}).headers["location"]
    assert "geheim" not in client.get(place).text
    client.post(place, data={"url": form["url"], "user": "v", "timeout": "5", "sends.sr": "on"})
    target = station.outbox.target(place.rpartition("/")[2])
    assert target
    assert target.config == {"url": form["url"], "user": "v", "password": "geheim", "timeout": 5}
    wrong = client.post(
        "/targets/new/dicom", data={"name": "x", "host": "h", "port": "0", "called": "A", "sends.sr": "1"}
    )
    assert (wrong.status_code, "port" in wrong.text) == (422, True)
    client.post(f"{place}/remove")


def test_a_dead_letter_is_shown_and_sent_again(client: httpx.Client, station: Station, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    target = station.outbox.add_target(TargetSettings("dead", "folder", ("json",), {"path": str(tmp_path / "file")}))
    film = take(station, small(12))
    letter, _ = next(pair for pair in station.outbox.of_result(film.result or "") if pair[1].id == target.id)
    station.outbox.refused(letter, "It takes none of these.")
    page = client.get(f"/targets/{target.id}").text
    assert "It takes none of these." in page
    client.post(f"/targets/{target.id}/letters/all")
    assert not station.outbox.letters(target.id)
    station.outbox.remove_target(target.id)


def test_the_plan_of_a_site_is_the_page_of_the_command(client: httpx.Client) -> None:
    answer = client.get("/site/plan?recall=0.95&confidence=0.95&prevalence=0.1")
    assert "59 patients with pneumonia" in answer.text
    policy = answer.headers["content-security-policy"]
    assert "sha256-" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert client.get("/site/plan?prevalence=7").status_code == 422
    for place in ("/site/profile", "/site/watch", "/site/shadow"):
        assert "without a site profile" in client.get(place).text


def test_a_page_that_is_not_there_has_a_sentence(client: httpx.Client) -> None:
    answer = client.get("/nothing")
    assert answer.status_code == 404
    assert "There is nothing at this address." in answer.text
    assert client.get("/static/x/nothing.js").status_code == 404


def test_static_files_may_be_kept(client: httpx.Client) -> None:
    page = client.get("/").text
    for place in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        answer = client.get(place)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize("kind", ["dicom", "stow", "folder"])
def test_the_forms_of_targets_ask_for_what_targets_take(kind: str) -> None:
    from pneumoscope.serving.dicom.targets import KINDS, build_target
    from pneumoscope.serving.web.pages import targets

    assert set(targets.KINDS) == set(KINDS)
    usual = {"text": "x", "number": 5, "url": "http://x", "password": "p"}
    config: dict[str, object] = {}
    for asked in targets.KINDS[kind][1]:
        if asked.name != "token" and not asked.name.startswith("tls."):
            config[asked.name] = usual[asked.kind]
    assert build_target(kind, config)
