"""STOW-RS: films as an archive sends them (DICOM PS3.18, 10.5)."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from pneumoscope.errors import DataError
from pneumoscope.serving.dicom.objects import peek
from pneumoscope.serving.spool import SpoolFullError
from pneumoscope.serving.store.films import Origin
from pneumoscope.serving.web.api.described import PROBLEMS, STOW_BODY, described
from pneumoscope.serving.web.bodies import read_parts
from pneumoscope.serving.web.identity import DeskOf, Reader
from pneumoscope.serving.web.problems import ProblemError
from pneumoscope.serving.web.taking import take

router = APIRouter(prefix="/api/v1", tags=["DICOMweb"])

MEDIA = "application/dicom+json"

OUT_OF_RESOURCES = 0xA700
CANNOT_UNDERSTAND = 0xC000
"""Failure reasons of PS3.18, table I.2-2."""


@router.post(
    "/studies",
    summary="Store DICOM films (STOW-RS)",
    openapi_extra=STOW_BODY,
    responses={
        200: described("All are stored.", {"type": "object"}, MEDIA),
        202: described("Some are stored.", {"type": "object"}, MEDIA),
        409: described("None is stored.", {"type": "object"}, MEDIA),
        **PROBLEMS,
    },
)
async def post_studies(request: Request, desk: DeskOf, who: Reader) -> JSONResponse:
    """Take the DICOM objects of a ``multipart/related`` body; the answer names what was stored and what was not."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/related"):
        raise ProblemError(415, 'STOW-RS takes multipart/related; type="application/dicom" only.')
    stored, failed = list[dict[str, Any]](), list[dict[str, Any]]()
    async for part in read_parts(request):
        content = bytes(part.content)
        names = await run_in_threadpool(_identity, content)
        if names is None:
            failed.append(_item("", "", CANNOT_UNDERSTAND))
            continue
        try:
            await take(desk, content, Origin.STOW, who)
            stored.append(_item(*names))
        except SpoolFullError:
            failed.append(_item(*names, OUT_OF_RESOURCES))
        except DataError:
            failed.append(_item(*names, CANNOT_UNDERSTAND))
    if not stored and not failed:
        raise ProblemError(400, "The request holds no object.", "no_file")
    answer = {"00081199": _sequence(stored)} if stored else {}
    if failed:
        answer["00081198"] = _sequence(failed)
    return JSONResponse(answer, 200 if not failed else 202 if stored else 409, media_type=MEDIA)


def _identity(content: bytes) -> tuple[str, str] | None:
    """SOP class and SOP instance of a DICOM file; None where it is none."""
    read = peek(content, "SOPClassUID", "SOPInstanceUID")
    if read is None or not {"SOPClassUID", "SOPInstanceUID"} <= set(read.dir()):
        return None
    return str(read.SOPClassUID), str(read.SOPInstanceUID)


def _item(sop_class: str, instance: str, failure: int | None = None) -> dict[str, Any]:
    item: dict[str, Any] = {
        "00081150": {"vr": "UI", "Value": [sop_class]} if sop_class else {"vr": "UI"},
        "00081155": {"vr": "UI", "Value": [instance]} if instance else {"vr": "UI"},
    }
    if failure is not None:
        item["00081197"] = {"vr": "US", "Value": [failure]}
    return item


def _sequence(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"vr": "SQ", "Value": items}
