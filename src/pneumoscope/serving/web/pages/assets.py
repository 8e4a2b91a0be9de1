"""Files that pages load, and the page of the REST service."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from pneumoscope.serving.web.identity import DeskOf, Reader
from pneumoscope.serving.web.problems import ProblemError
from pneumoscope.serving.web.rendering import render

router = APIRouter(include_in_schema=False)

_MEDIA = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml", "txt": "text/plain"}


@router.get("/static/{mark}/{name}")
def get_file(mark: str, name: str, desk: DeskOf) -> Response:
    """A style sheet, a script or a picture. The address changes with the content, so browsers may keep it."""
    content = desk.static.get(name)
    if content is None:
        raise ProblemError(404)
    media = _MEDIA.get(name.rpartition(".")[2], "application/octet-stream")
    return Response(content, media_type=media, headers={"Cache-Control": "public, max-age=31536000, immutable"})


@router.get("/favicon.ico")
def get_icon(desk: DeskOf) -> Response:
    """The icon, for browsers that ask for it by this name."""
    return Response(desk.static["icon.svg"], media_type=_MEDIA["svg"])


@router.get("/api")
def show_api(request: Request, desk: DeskOf, who: Reader) -> Response:
    """The OpenAPI document as a page."""
    document = request.app.openapi()
    return render(desk, request, "api.html.j2", calls=_calls(document), base=str(request.base_url).rstrip("/"))


def _calls(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "method": method.upper(),
            "path": path,
            "summary": call.get("summary", ""),
            "description": call.get("description", ""),
            "parameters": call.get("parameters", []),
            "bodies": list(call.get("requestBody", {}).get("content", {})),
            "answers": [(code, answer["description"]) for code, answer in call["responses"].items() if code != "422"],
        }
        for path, methods in document["paths"].items()
        for method, call in methods.items()
    ]
