"""``pneumoscope serve``: a real process, from its start to its end."""

import re
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from certificates import make_certificates
from stations import SAMPLES

from pneumoscope.cli import main
from pneumoscope.serving.store.database import Database
from pneumoscope.serving.store.people import People, Role

pytest.importorskip("fastapi", reason="the extra serve is not installed")

COMMAND = [sys.executable, "-m", "pneumoscope", "serve", "--port", "0", "--workers", "1"]


@pytest.mark.slow
def test_a_station_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    import httpx

    command = [*COMMAND, "--state", str(tmp_path / "state"), "--dicom-port", "0", "--caller", "MODALITY"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        place = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert place
        assert "PNEUMOSCOPE on port" in process.stdout.readline()
        with httpx.Client(base_url=place[0], trust_env=False, timeout=60) as client:
            content = (SAMPLES / "synthetic-normal-1.png").read_bytes()
            files = {"file": ("Mustermann_Erika.png", content)}
            answer = client.post("/api/v1/screenings?wait=30", files=files)
            assert answer.json()["screenings"][0]["result"]["finding"] == "normal"
            assert "MODALITY" in client.get("/connect").text
        process.send_signal(signal.SIGTERM)
        said, logged = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "everything that was received is kept" in said
    assert "Mustermann" not in said + logged


@pytest.mark.slow
def test_others_sign_in_over_tls_and_nothing_is_served_without(tmp_path: Path) -> None:
    import httpx

    files, state = make_certificates(tmp_path), tmp_path / "state"
    asked = [*COMMAND, "--state", str(state), "--add-account", "boss", "--role", "administrator"]
    subprocess.run(asked, input="a long enough password\n", capture_output=True, text=True, check=True)
    settings = tmp_path / "station.toml"
    web = f'host = "0.0.0.0"\nport = 0\ncertificate = "{files.certificate}"\nkey = "{files.key}"'
    settings.write_text(f'state = "{state}"\nworkers = 1\n[web]\n{web}\n')
    command = [sys.executable, "-m", "pneumoscope", "serve", "--settings", str(settings)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        place = re.search(r"https://[^:]+:(\d+)", process.stdout.readline())
        assert place
        trusted = ssl.create_default_context(cafile=str(files.authority))
        address = f"https://localhost:{place[1]}"
        with httpx.Client(base_url=address, verify=trusted, trust_env=False, timeout=60) as client:
            assert client.get("/", follow_redirects=False).status_code == 303
            assert client.get("/api/v1/screenings").status_code == 401
            form = {"name": "boss", "password": "a long enough password"}
            answer = client.post("/login", data=form, headers={"sec-fetch-site": "same-origin"})
            assert answer.status_code == 303
            cookie = answer.headers["set-cookie"].lower()
            assert "secure" in cookie
            assert "httponly" in cookie
            assert "samesite=strict" in cookie
            assert "Worklist" in client.get("/").text
        with httpx.Client(trust_env=False) as plain, pytest.raises(httpx.HTTPError):
            plain.get(f"http://localhost:{place[1]}/")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def test_an_exposed_station_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["serve", "--state", str(tmp_path), "--host", "0.0.0.0", "--port", "0", "--workers", "1"])  # noqa: S104
    assert code == 2
    assert "web.certificate" in capsys.readouterr().err


def test_settings_that_are_misspelt_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "station.toml"
    path.write_text("[web]\nprot = 1\n")
    assert main(["serve", "--settings", str(path)]) == 2
    assert "prot" in capsys.readouterr().err


def test_an_account_is_made_with_the_password_from_a_pipe(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pneumoscope", "serve", "--state", str(tmp_path)]
    asked = [*command, "--add-account", "boss", "--role", "administrator"]
    ended = subprocess.run(asked, input="a long enough password\n", capture_output=True, text=True, check=True)
    assert ended.stdout == "boss is administrator now.\n"
    poor = subprocess.run(asked, input="short\n", capture_output=True, text=True, check=False)
    assert (poor.returncode, "12" in poor.stderr) == (2, True)
    database = Database(tmp_path / "station.sqlite")
    assert [account.role for account in People(database).accounts()] == [Role.ADMINISTRATOR]
    database.close()
