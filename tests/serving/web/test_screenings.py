"""REST: films in, results out."""

import io
import json

import httpx
import jsonschema
import pydicom
import pytest
from PIL import Image
from stations import SAMPLES, encode, make_film

from pneumoscope.screening.record import json_schema
from pneumoscope.serving.station import Station
from pneumoscope.serving.web import bodies

PNG = (SAMPLES / "synthetic-bacterial-2.png").read_bytes()
URL = "/api/v1/screenings"


def picture(level: int) -> bytes:
    """A small picture that no model may judge, another one for each level."""
    buffer = io.BytesIO()
    Image.new("L", (66, 66), level).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_film_is_judged_while_the_caller_waits(client: httpx.Client) -> None:
    answer = client.post(f"{URL}?wait=30", content=PNG, headers={"content-type": "image/png"})
    assert answer.status_code in (200, 201)
    shown = answer.json()
    assert shown["state"] == "done"
    assert shown["result"]["finding"] == "pneumonia"
    jsonschema.validate(shown["result"], json_schema())
    assert answer.headers["location"] == shown["links"]["self"]
    assert client.get(shown["links"]["self"]).json() == shown
    for name in ("preview", "heatmap"):
        assert Image.open(io.BytesIO(client.get(shown["links"][name]).content)).format == "PNG"
    assert "report" not in shown["links"]


def test_the_same_content_is_the_same_screening(client: httpx.Client) -> None:
    first = client.post(URL, content=picture(1), headers={"content-type": "image/png"})
    again = client.post(URL, content=picture(1), headers={"content-type": "application/octet-stream"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]


def test_several_files_come_in_one_form(client: httpx.Client) -> None:
    files = [("file", (f"{number}.png", picture(210 + number), "image/png")) for number in range(3)]
    answer = client.post(f"{URL}?wait=30", files=[*files, ("file", ("empty.png", b"", "image/png"))])
    assert answer.status_code == 201
    shown = answer.json()["screenings"]
    assert [one["name"] for one in shown] == ["0.png", "1.png", "2.png", "empty.png"]
    assert [one["result"]["reason"] for one in shown[:3]] == ["too_small"] * 3
    assert shown[3]["problem"]["code"] == "unusable"


def test_a_dicom_film_has_a_report_and_a_capture(client: httpx.Client) -> None:
    answer = client.post(f"{URL}?wait=30", content=encode(make_film(77)), headers={"content-type": "application/dicom"})
    links = answer.json()["links"]
    for name, modality in (("report", "SR"), ("capture", "OT")):
        got = client.get(links[name])
        assert got.headers["content-type"] == "application/dicom"
        assert pydicom.dcmread(io.BytesIO(got.content)).Modality == modality


def test_lists_are_filtered_and_paged(client: httpx.Client) -> None:
    files = [("file", (f"{number}.png", picture(30 + number), "image/png")) for number in range(4)]
    client.post(f"{URL}?wait=30", files=files)
    page = client.get(f"{URL}?reason=too_small&limit=2&offset=1").json()
    assert page["total"] >= 4
    assert len(page["screenings"]) == 2
    assert {one["result"]["reason"] for one in page["screenings"]} == {"too_small"}
    assert client.get(f"{URL}?since=2100-01-01T00:00:00").json()["total"] == 0


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", f"{URL}/nothing", 404, "not_found"),
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("DELETE", URL, 405, "method_not_allowed"),
        ("GET", f"{URL}?limit=0", 422, "unusable"),
        ("GET", f"{URL}?order=odd", 422, "unusable"),
        ("POST", URL, 415, "unsupported_type"),
        ("POST", "/api/v1/studies", 415, "unsupported_type"),
    ],
)
def test_every_failure_is_a_problem_with_a_code(
    client: httpx.Client, method: str, path: str, status: int, code: str
) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code
    assert answer.json()["status"] == status
    assert answer.json()["detail"]


def test_what_is_too_large_is_refused_before_it_is_read(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MAX_BYTES", 1000)
    monkeypatch.setattr(bodies, "MOST_REQUEST", 5000)
    monkeypatch.setattr(bodies.read_body, "__defaults__", (1000,))
    declared = client.post(URL, content=b"x" * 1001, headers={"content-type": "image/png"})
    streamed = client.post(URL, content=iter([b"x" * 600] * 2), headers={"content-type": "image/png"})
    one = client.post(URL, files=[("file", ("a.png", b"x" * 1001))])
    whole = client.post(URL, files=[("file", ("a.png", b"x" * 900))] * 6)
    many = client.post(URL, files=[("file", ("a.png", b""))] * 60)
    for answer in (declared, streamed, one, whole, many):
        assert answer.status_code == 413
        assert answer.json()["code"] == "too_large"


def test_a_form_that_breaks_off_or_is_empty_is_refused(client: httpx.Client) -> None:
    headers = {"content-type": "multipart/form-data; boundary=b"}
    begun = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc'
    assert client.post(URL, content=begun, headers=headers).json()["code"] == "bad_request"
    assert client.post(URL, content=b"nonsense", headers=headers).json()["code"] == "bad_request"
    assert client.post(URL, content=b"--b--\r\n", headers=headers).status_code in (400, 422)


def test_a_full_disk_is_said_by_507(client: httpx.Client, station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(station.spool, "free", 10**18)
    raw = client.post(URL, content=picture(90), headers={"content-type": "image/png"})
    form = client.post(URL, files=[("file", ("a.png", picture(90)))])
    assert (raw.status_code, raw.json()["code"]) == (507, "full")
    assert form.status_code == 507
    assert client.get("/health").status_code == 503


def test_the_schema_and_the_document_are_there(client: httpx.Client) -> None:
    assert client.get("/api/v1/schema").json() == json.loads(json.dumps(json_schema()))
    document = client.get("/api/v1/openapi.json").json()
    assert {"/api/v1/screenings", "/api/v1/studies", "/health", "/metrics"} <= set(document["paths"])
    assert "/films/{identity}" not in document["paths"]
    assert "/api/v1/screenings" in client.get("/api").text


def test_health_and_metrics_count_and_name_no_film(client: httpx.Client) -> None:
    client.post(URL, files=[("file", ("Mustermann_Erika.png", picture(99)))])
    health = client.get("/health")
    assert health.status_code == 200
    assert {"model", "disk", "workers", "sender"} <= {part["name"] for part in health.json()["parts"]}
    metrics = client.get("/metrics").text
    assert 'pneumoscope_films{state="done"}' in metrics
    assert "pneumoscope_model_info" in metrics
    assert "Mustermann" not in metrics + health.text
