"""Who may ask: hosts, foreign pages, accounts, tokens, guesses."""

from pathlib import Path

import httpx
import pytest

from pneumoscope.errors import DataError
from pneumoscope.serving.settings import WebSettings
from pneumoscope.serving.station import Station
from pneumoscope.serving.store.people import People, Role
from pneumoscope.serving.web.exposure import check_exposure
from pneumoscope.serving.web.guard import POLICY
from pneumoscope.serving.web.throttle import FREE_TRIES, Throttle

PASSWORD = "a long enough password"  # noqa: S105

PAGES = ("/", "/upload", "/connect", "/targets", "/targets/new/dicom", "/site", "/status", "/people", "/api")


@pytest.mark.parametrize("path", PAGES)
def test_pages_say_nothing_to_others_and_load_nothing_from_elsewhere(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    headers = answer.headers
    assert headers["content-security-policy"] == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers
    for word in ("https://", "<style", " style=", "onclick", "<script>"):
        assert word not in answer.text
    assert "Research use" in answer.text


def test_a_name_of_elsewhere_is_refused_on_a_loopback_address(client: httpx.Client) -> None:
    answer = client.get("/", headers={"host": "evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (421, "wrong_host")
    assert client.get("/", headers={"host": "localhost:1234"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {},
    ],
)
def test_a_foreign_page_changes_nothing(stranger: httpx.Client, headers: dict[str, str]) -> None:
    answer = stranger.post("/people/tokens", data={"name": "evil", "role": "administrator"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_page")
    if headers:
        assert stranger.post("/api/v1/screenings", headers=headers).status_code == 403


def test_a_program_and_an_older_browser_may_ask(stranger: httpx.Client, address: str) -> None:
    assert stranger.post("/api/v1/screenings").status_code == 415
    assert stranger.post("/rows", headers={"origin": address}).status_code == 200


def test_with_accounts_everybody_signs_in(client: httpx.Client, people: People) -> None:
    answer = client.get("/status")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/status")
    assert client.get("/api/v1/screenings").json()["code"] == "not_signed_in"
    assert client.get("/metrics").status_code == 401
    assert client.get("/health").status_code == 200
    assert client.get("/rows", headers={"hx-request": "true"}).status_code == 405
    assert client.post("/rows", headers={"hx-request": "true"}).headers["hx-redirect"] == "/login"
    wrong = client.post("/login", data={"name": "reader", "password": "wrong"})
    assert wrong.status_code == 401
    assert "do not go together" in wrong.text
    right = client.post("/login", data={"name": "reader", "password": PASSWORD, "back": "//evil.example"})
    assert (right.status_code, right.headers["location"]) == (303, "/")
    cookie = right.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert client.get("/").status_code == 200
    client.post("/logout")
    assert client.get("/").status_code == 303


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.READER, {"/", "/status"}),
        (Role.PHYSICIST, {"/", "/status", "/site"}),
        (Role.ADMINISTRATOR, {"/", "/status", "/site", "/targets", "/people"}),
    ],
)
def test_each_role_has_its_pages(client: httpx.Client, people: People, role: Role, allowed: set[str]) -> None:
    client.post("/login", data={"name": role.value, "password": PASSWORD})
    answers = {path: client.get(path).status_code for path in ("/", "/status", "/site", "/targets", "/people")}
    assert {path for path, status in answers.items() if status == 200} == allowed
    assert set(answers.values()) <= {200, 403}


def test_a_token_is_made_on_a_page_and_works_for_a_program(client: httpx.Client, people: People, address: str) -> None:
    client.post("/login", data={"name": "administrator", "password": PASSWORD})
    page = client.post("/people/tokens", data={"name": "gateway", "role": "reader"}).text
    token = page.partition('class="token">')[2].partition("<")[0]
    with httpx.Client(base_url=address, headers={"authorization": f"Bearer {token}"}, trust_env=False) as program:
        assert program.get("/api/v1/screenings").status_code == 200
        assert program.get("/metrics").status_code == 200
        assert program.post("/api/v1/screenings").status_code == 415
        denied = program.get("/people", headers={"accept": "application/json"})
        assert (denied.status_code, denied.json()["code"]) == (403, "not_allowed")
    client.post("/people/tokens/remove", data={"name": "gateway"})
    answer = httpx.get(f"{address}/api/v1/screenings", headers={"authorization": f"Bearer {token}"}, trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_token")


def test_guessing_is_slowed_down(client: httpx.Client, people: People) -> None:
    codes = [client.post("/login", data={"name": "reader", "password": "x"}).status_code for _ in range(FREE_TRIES + 1)]
    assert codes == [401] * FREE_TRIES + [429]
    assert int(client.post("/login", data={"name": "reader", "password": PASSWORD}).headers["retry-after"]) >= 1


def test_pauses_double_and_end() -> None:
    throttle = Throttle()
    for _ in range(FREE_TRIES + 4):
        throttle.failed("a")
    assert 15 < throttle.pause("a", "b") <= 16
    assert throttle.pause("b") == 0
    throttle.passed("a")
    assert throttle.pause("a") == 0


def test_a_large_form_is_refused_and_an_unforeseen_error_says_nothing(
    client: httpx.Client, station: Station, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert client.post("/rows", content=b"x" * 2**20 + b"xx").status_code == 413
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/rows", content=iter([b"text=" + b"x" * 2**19] * 3), headers=form).status_code in (400, 413)

    def broken(*_: object) -> None:
        raise RuntimeError("Erika Mustermann")

    monkeypatch.setattr(station.log, "events", broken)
    page = client.get("/status")
    assert page.status_code == 500
    monkeypatch.setattr(station.results, "page", broken)
    problem = client.get("/api/v1/screenings")
    assert (problem.status_code, problem.json()["code"]) == (500, "failed")
    assert "Mustermann" not in page.text + problem.text + caplog.text
    assert "RuntimeError" in caplog.text


@pytest.mark.parametrize("settings", [WebSettings(host="0.0.0.0"), WebSettings(behind_proxy=True)])  # noqa: S104
def test_others_reach_the_station_only_with_accounts_and_encryption(
    settings: WebSettings, station: Station, tmp_path: Path
) -> None:
    from dataclasses import replace

    nobody = People(station.database)
    (tmp_path / "a.pem").write_text("certificate")
    encrypted = replace(settings, certificate=tmp_path / "a.pem", key=tmp_path / "a.pem")
    with pytest.raises(DataError, match="administrator"):
        check_exposure(encrypted, nobody)
    with pytest.raises(DataError, match="both"):
        check_exposure(replace(settings, certificate=tmp_path / "a.pem"), nobody)
    if not settings.behind_proxy:
        with pytest.raises(DataError, match="without encryption"):
            check_exposure(settings, nobody)
    check_exposure(WebSettings(), nobody)


def test_an_exposed_station_with_accounts_and_encryption_opens(people: People, tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_text("certificate")
    check_exposure(WebSettings("0.0.0.0", certificate=tmp_path / "a.pem", key=tmp_path / "a.pem"), people)  # noqa: S104
    check_exposure(WebSettings(behind_proxy=True), people)
