"""A way into the fake that checks every request and every answer against the document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from werkzeug.datastructures import Headers, ImmutableMultiDict

DOCUMENT: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "openapi" / "baseten.json").read_text("utf-8")
)
METHODS = ("get", "post", "put", "patch", "delete")
Json = dict[str, Any]


def operations() -> set[tuple[str, str]]:
    """The operations of the document: method, and path with its parameters left blank."""
    return {
        (method.upper(), blank(path))
        for path, item in DOCUMENT["paths"].items()
        for method in item
        if method in METHODS
    }


def blank(template: str) -> str:
    """A path without the names of its parameters."""
    return re.sub(r"\{[^}]*\}", "{}", template)


@cache
def judge() -> OpenAPI:
    """The document as a validator."""
    return OpenAPI.from_dict(DOCUMENT)


class Asked:
    """A request as openapi-core wants it."""

    def __init__(self, request: httpx.Request) -> None:
        self.host_url = f"{request.url.scheme}://{request.url.host}"
        self.path = request.url.path
        self.method = request.method.lower()
        self.content_type = request.headers.get("content-type", "")
        self.body = request.content or None
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(request.url.params.multi_items()),
            header=Headers(request.headers.multi_items()),
        )


class Answered:
    """An answer as openapi-core wants it."""

    def __init__(self, response: httpx.Response) -> None:
        self.status_code = response.status_code
        self.content_type = response.headers.get("content-type", "")
        self.headers = Headers(response.headers.multi_items())
        self.data = response.content


class Checked(httpx.AsyncBaseTransport):
    """Passes requests on, and raises AssertionError for each that the document does not allow.

    The document describes success alone, so that of a refusal only its form is checked.

    Attributes:
        succeeded: The operations that were answered with success.
        refused: The statuses of other answers.
        extra: Fields of answers that the document does not have, by schema.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.succeeded: set[tuple[str, str]] = set()
        self.refused: set[int] = set()
        self.extra: set[tuple[str, str]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; raises AssertionError for what the document does not allow."""
        await request.aread()
        response = await self._inner.handle_async_request(request)
        await response.aread()
        if not response.is_success:
            self._check_refusal(response)
        for operation, extra in judged(request, response):
            self.succeeded.add(operation)
            self.extra |= extra
        return response

    def _check_refusal(self, response: httpx.Response) -> None:
        self.refused.add(response.status_code)
        assert response.status_code in {400, 401, 403, 404, 405, 409, 422, 429}, response
        if response.headers["content-type"] == "application/json":
            body = response.json()
            told = body.get("message") or body.get("error") or body.get("detail")
            assert told, body


Verdict = list[tuple[tuple[str, str], set[tuple[str, str]]]]
_JUDGED: dict[tuple[object, ...], Verdict] = {}


def judged(request: httpx.Request, response: httpx.Response) -> Verdict:
    """The operation that succeeded, with its extra fields; nothing if it was refused.

    Stories have most of their exchanges in common, and one is judged once.
    """
    exchange = (request.method, request.url, frozenset(request.headers.items()), request.content)
    answer = (response.status_code, response.headers["content-type"], response.content)
    key = (*exchange, *answer)
    if key not in _JUDGED:
        _JUDGED[key] = _judged(request, response)
    return _JUDGED[key]


def _judged(request: httpx.Request, response: httpx.Response) -> Verdict:
    asked, line = Asked(request), f"{request.method} {request.url}"
    try:
        judge().validate_request(asked)
        if not response.is_success:
            return []
        judge().validate_response(asked, Answered(response))
    except OpenAPIError as error:
        what = f"{line} {request.content!r} -> {response.status_code} {response.text}"
        raise AssertionError(f"{what}: {_why(error)}") from error
    template, item = next(
        entry for entry in DOCUMENT["paths"].items() if _fits(asked.path, entry[0])
    )
    extra = set(extra_fields(schema_of(item[asked.method]), response.json()))
    return [((request.method, blank(template)), extra)]


def schema_of(operation: Json) -> Json:
    """The schema of an operation's success."""
    (answer,) = operation["responses"].values()
    schema: Json = answer.get("content", {}).get("application/json", {}).get("schema", {})
    return schema


def extra_fields(schema: Json, value: object) -> Iterator[tuple[str, str]]:
    """The fields of *value* that *schema* does not name, with the name of the schema."""
    for name, one in alternatives(schema):
        if isinstance(value, Mapping) and "properties" in one:
            for field, inner in value.items():
                if field in one["properties"]:
                    yield from extra_fields(one["properties"][field], inner)
                else:
                    yield name, field
        elif isinstance(value, list) and "items" in one:
            for inner in value:
                yield from extra_fields(one["items"], inner)


def alternatives(schema: Json, name: str = "") -> Iterator[tuple[str, Json]]:
    """A schema, or those that it is put together of, with their names."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        yield from alternatives(DOCUMENT["components"]["schemas"][name], name)
        return
    parts = [*schema.get("anyOf", []), *schema.get("allOf", []), *schema.get("oneOf", [])]
    for part in parts:
        yield from alternatives(part, name)
    if not parts:
        yield name, schema


def _fits(path: str, template: str) -> bool:
    pattern = re.escape(blank(template)).replace(re.escape("{}"), "[^/]+")
    return re.fullmatch(pattern, path) is not None


def _why(error: BaseException) -> str:
    reasons = getattr(error.__cause__, "schema_errors", None)
    return "; ".join(str(one.message) for one in reasons) if reasons else f"{error}"
