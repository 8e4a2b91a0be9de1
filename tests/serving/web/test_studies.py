"""STOW-RS, by the client that archives use."""

import io
from typing import Any

import httpx
import pydicom
import pytest
import requests
from dicomweb_client.web import DICOMwebClient
from stations import encode, make_film

URL = "/api/v1/studies"


def related(*parts: bytes) -> dict[str, Any]:
    lines = [b"--b\r\nContent-Type: application/dicom\r\n\r\n" + part + b"\r\n" for part in parts]
    kind = 'multipart/related; type="application/dicom"; boundary=b'
    return {"content": b"".join(lines) + b"--b--\r\n", "headers": {"content-type": kind}}


def test_films_are_stored_and_named(client: httpx.Client) -> None:
    answer = client.post(URL, **related(encode(make_film(501)), encode(make_film(502))))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/dicom+json"
    stored = [item["00081155"]["Value"][0] for item in answer.json()["00081199"]["Value"]]
    assert stored == ["2.25.1000501", "2.25.1000502"]


@pytest.mark.parametrize(("good", "status"), [(True, 202), (False, 409)])
def test_what_cannot_be_stored_is_named_with_a_reason(client: httpx.Client, good: bool, status: int) -> None:
    parts = [b"no DICOM"] + [encode(make_film(503))] * good
    answer = client.post(URL, **related(*parts))
    assert answer.status_code == status
    assert answer.json()["00081198"]["Value"][0]["00081197"]["Value"] == [0xC000]


def test_the_usual_client_is_content(address: str) -> None:
    with requests.Session() as session:
        session.trust_env = False
        archive = DICOMwebClient(f"{address}/api/v1", session=session)
        answer = archive.store_instances([pydicom.dcmread(io.BytesIO(encode(make_film(504))))])
    assert answer.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == "2.25.1000504"
