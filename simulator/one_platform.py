"""What Google's newer APIs share: bodies that fit the discovery document exactly, callers, and errors of google.rpc.

Sources: the documents bundled in google-api-python-client; AIP-193, Errors.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from flask import Response, request

from simulator.access import AccessTokens
from simulator.errors import GoogleError
from simulator.ids import CLOUD_PLATFORM

_STATUS: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
}
_KINDS: Final[Mapping[str, Any]] = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
_FORMATS: Final = {
    "google-datetime": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)"),
    "google-duration": re.compile(r"\d{1,12}(\.\d{1,9})?s"),
}


class Refusal(Exception):
    """A request that is answered with an error; `reason` and `metadata` become its ErrorInfo."""

    def __init__(self, code: int, message: str, *, reason: str = "", **metadata: str) -> None:
        super().__init__(message)
        self.code = code
        error: dict[str, Any] = {"code": code, "message": message, "status": _STATUS[code]}
        if reason:
            kind = "type.googleapis.com/google.rpc.ErrorInfo"
            error["details"] = [{"@type": kind, "reason": reason, "domain": "googleapis.com", "metadata": metadata}]
        self.body = {"error": error}


def answering(method: Callable[..., Mapping[str, Any]]) -> Callable[..., Response]:
    """The view function that sends what the method returns, or its Refusal."""

    def answer(**path: str) -> Response:
        try:
            return _reply(method(**path), 200)
        except Refusal as refusal:
            return _reply(refusal.body, refusal.code)

    return answer


def caller(tokens: AccessTokens) -> str:
    """Whose access token for cloud-platform came with the request. Raises Refusal 401 and 403."""
    try:
        return tokens.holder(request.headers.get("Authorization"), {CLOUD_PLATFORM})
    except GoogleError as error:
        raise Refusal(error.reply.status, error.reply.message) from error


def body(document: str, type: str) -> dict[str, Any]:
    """The request's JSON, which is of that type of that bundled document. Raises Refusal 400."""
    try:
        content = json.loads(request.get_data())
    except (ValueError, RecursionError):
        raise Refusal(400, "Invalid JSON payload received. Parse error.") from None
    if not isinstance(content, dict):
        raise Refusal(400, "Invalid JSON payload received. Root element must be a message.")
    schemas = _schemas(document)
    _check(content, {"$ref": type}, schemas, "")
    return content


def _check(value: Any, rule: Mapping[str, Any], schemas: Mapping[str, Any], path: str) -> None:
    """Raise Refusal unless the value is of the type `rule`; members that the document does not name are refused."""
    rule = schemas[rule["$ref"]] if "$ref" in rule else rule
    kind = _KINDS[rule["type"]]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise Refusal(400, f"Invalid value at '{path}'")
    if kind is dict:
        _check_members(value, rule, schemas, path)
    elif kind is list:
        for index, item in enumerate(value):
            _check(item, rule["items"], schemas, f"{path}[{index}]")
    elif kind is str:
        _check_text(value, rule, path)


def _check_members(value: Mapping[str, Any], rule: Mapping[str, Any], schemas: Mapping[str, Any], path: str) -> None:
    for name, item in value.items():
        inner = rule.get("properties", {}).get(name, rule.get("additionalProperties"))
        if inner is None:
            where = f" at '{path}'" if path else ""
            raise Refusal(400, f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.')
        _check(item, inner, schemas, f"{path}.{name}" if path else name)


def _check_text(value: str, rule: Mapping[str, Any], path: str) -> None:
    form = _FORMATS.get(rule.get("format", ""))
    fits = (form is None or form.fullmatch(value)) and ("enum" not in rule or value in rule["enum"])
    if rule.get("format") == "byte":
        try:
            base64.b64decode(value, validate=True)
        except binascii.Error:
            fits = False
    if not fits:
        raise Refusal(400, f"Invalid value at '{path}', {json.dumps(value)}")


@cache
def _schemas(document: str) -> Mapping[str, Any]:
    source = files("googleapiclient.discovery_cache.documents").joinpath(f"{document}.json")
    schemas: Mapping[str, Any] = json.loads(source.read_text(encoding="utf-8"))["schemas"]
    return schemas


def _reply(content: Mapping[str, Any], status: int) -> Response:
    return Response(json.dumps(content), status, content_type="application/json; charset=UTF-8")
