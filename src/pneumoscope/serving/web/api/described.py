"""What the OpenAPI document says of bodies and answers."""

from typing import Any

_BINARY = {"type": "string", "format": "binary"}

_PROBLEM = {
    "type": "object",
    "required": ["title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "For programs; a code never changes its meaning."},
        "detail": {"type": "string", "description": "One sentence for people."},
    },
}

SCREENING = {
    "type": "object",
    "required": ["id", "state", "received", "result", "links"],
    "properties": {
        "id": {"type": "string"},
        "state": {"enum": ["waiting", "working", "done", "failed"]},
        "received": {"type": "string", "format": "date-time"},
        "origin": {"enum": ["dicom", "rest", "stow", "page", "folder"]},
        "resent": {"type": "integer", "description": "How often the same content came again."},
        "uid_conflict": {"type": "boolean", "description": "Another content with the same UID came before."},
        "sha256": {"type": "string"},
        "result": {"description": "As GET /api/v1/schema describes it; null until the film is judged."},
        "explanation": {"description": "Sentences for people and facts of the header; null until it is judged."},
        "links": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}

FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"file": {"type": "array", "items": _BINARY}}}
            },
            "application/dicom": {"schema": _BINARY},
            "image/png": {"schema": _BINARY},
            "image/jpeg": {"schema": _BINARY},
            "application/octet-stream": {"schema": _BINARY},
        },
    }
}

STOW_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"multipart/related": {"schema": _BINARY}},
        "description": 'Parts of type "application/dicom", as PS3.18 has it.',
    }
}


def described(words: str, schema: dict[str, Any], media: str = "application/json") -> dict[str, Any]:
    """An answer in words and with its schema."""
    return {"description": words, "content": {media: {"schema": schema}}}


PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": described("A problem of the request (RFC 9457).", _PROBLEM, "application/problem+json"),
    "5XX": described("A problem of the station (RFC 9457).", _PROBLEM, "application/problem+json"),
}
