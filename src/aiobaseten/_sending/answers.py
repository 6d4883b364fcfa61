"""From a reply to a value or an exception. Pure: tested with literals.

Every reply that the library gets is judged here, and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar, cast

from aiobaseten_generated.client import Operation
from attrs import evolve, field, frozen

from ..errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RequestNotActedOnError,
    ResponseShapeError,
    ServerError,
)
from .encodable import encodable_json, encodable_text
from .names import advice_about_address, advice_about_names
from .retry import asked_delay
from .secret import Secret, forget_variables

T = TypeVar("T")
U = TypeVar("U")

_EXCERPT = 2000
_LONGEST_OWNER = 200
_REQUEST_ID_HEADERS = ("x-request-id", "request-id", "x-amzn-requestid", "cf-ray")
# Decoding raises these. An infinite number, which Python's JSON accepts, is an ArithmeticError.
_MISFITS = (
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)
# The last word of a path, and what it asks for.
_ACTIONS = {
    "activate": "activate the deployment",
    "cancel_promotion": "cancel the promotion",
    "deactivate": "deactivate the deployment",
    "environments": "create the environment",
    "force_cancel_promotion": "cancel the promotion",
    "force_roll_forward_promotion": "roll the promotion forward",
    "pause_promotion": "pause the promotion",
    "promote": "promote the deployment",
    "resume_promotion": "resume the promotion",
    "retry": "retry",
    "wake": "wake the deployment",
}
#: Of paths that end with a parameter.
_ACTIONS_BY_METHOD = {"DELETE": "delete it", "PATCH": "change it"}
_BY_STATUS: dict[int, type[APIError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: BadRequestError,
    429: RateLimitError,
}


def _encodable_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    return {name: encodable_text(value) for name, value in headers.items()}


@frozen(kw_only=True)
class Reply:
    """An HTTP response, read as far as possible.

    All text of a server comes from here, so that every consumer can encode all of it: a terminal,
    JSON, msgpack, Postgres.

    Attributes:
        status: HTTP status.
        headers: Its headers, with names in lower case, and the API key masked.
        body: Its body, decompressed. It may hold the key.
        flaw: Why the body is incomplete, or ``None``.
    """

    status: int
    headers: Mapping[str, str] = field(converter=_encodable_headers)
    body: bytes = field(repr=False)
    flaw: str | None = None

    @property
    def request_id(self) -> str | None:
        """The id of the request for Baseten's support, or ``None``."""
        found = (self.headers[name] for name in _REQUEST_ID_HEADERS if name in self.headers)
        return next(found, None)

    def json(self) -> tuple[Any, bool]:
        """The decoded body, ``None`` if there is none; and whether nothing in it was replaced.

        Raises:
            ValueError: It is not JSON.
            RecursionError: It is nested too deeply.
        """
        if not self.body:
            return None, True
        try:
            came, is_text = json.loads(self.body), True
        except json.JSONDecodeError:
            raise
        except ValueError:
            # A log may hold any byte, and a number any digits: the rest of the answer is good.
            text = self.body.decode(json.detect_encoding(self.body), "replace")
            came, is_text = json.loads(text, parse_int=_integer), False
        content = encodable_json(came, self.body)
        return content, is_text and content is came

    def excerpt(self) -> str:
        """The beginning of the body, as text."""
        text = encodable_text(self.body[: 4 * _EXCERPT].decode("utf-8", "replace"))
        return text if len(text) <= _EXCERPT else text[:_EXCERPT] + " …"


def _integer(digits: str) -> float:
    """An integer; infinity if it is longer than Python allows, so that the rest can be read."""
    try:
        return int(digits)
    except ValueError:
        return float(digits)


@frozen
class WithText(Generic[T]):
    """A decoder that takes the text of an answer, too.

    Attributes:
        parse: Takes the decoded JSON and its text.
    """

    parse: Callable[[Any, bytes], T]

    def __call__(self, data: Any) -> T:
        """Decode JSON in which something was replaced. Its text is written anew."""
        return self.parse(data, _compact(data).encode())


# Without the spaces that Python would add.
_compact = json.JSONEncoder(separators=(",", ":")).encode


def parsed_by(operation: Operation[Any], parse: Callable[[Any], U]) -> Operation[U]:
    """*operation* with another decoder. Errors of *parse* become shape errors."""
    return Operation(
        method=operation.method,
        path=operation.path,
        url=operation.url,
        parse=parse,
        body=operation.body,
        params=operation.params,
    )


def then(operation: Operation[T], read: Callable[[T], U]) -> Operation[U]:
    """*operation* with a further step of decoding. Errors of *read* become shape errors."""
    parse = operation.parse
    return parsed_by(operation, lambda data: read(parse(data)))


def _read_key_owner(data: object) -> str | None:
    """The user that the key belongs to, and the workspace, for a person."""
    fields = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
    texts = (fields.get(name) for name in ("email", "name", "user_id"))
    user = next((text for text in texts if isinstance(text, str) and text), None)
    workspace = fields.get("workspace_name")
    where = f" in workspace {workspace}" if isinstance(workspace, str) and workspace else ""
    return None if user is None else f"{user}{where}"[:_LONGEST_OWNER]


#: Asks for the user that the API key belongs to.
WHOSE_KEY: Operation[str | None] = Operation(
    method="GET", path="/v1/users/me", url="/v1/users/me", parse=_read_key_owner
)


def judge(operation: Operation[T], path: str, reply: Reply, *, secret: Secret, now: datetime) -> T:
    """Return the value of a reply.

    Args:
        operation: The request.
        path: Its path, for messages.
        reply: What the server sent.
        secret: Masked in every message.
        now: The time of day, for dates in headers.

    Raises:
        APIError: The server refused or failed.
        ResponseShapeError: The server reported success with a body that does not fit the spec.
        RequestNotActedOnError: The body says that the server did not act.
    """
    if not 200 <= reply.status < 300:
        masked = evolve(reply, body=secret.mask(reply.body))
        raise _refusal(operation, path, masked, secret, now)
    try:
        if reply.flaw:
            raise ValueError(reply.flaw)
        content, text = _content(reply, secret)
        if operation.method != "GET":
            _check_acted(operation, content, secret)
        parse: object = operation.parse
        if isinstance(parse, WithText) and text is not None:
            return cast("WithText[T]", parse).parse(content, text)
        return operation.parse(content)
    except _MISFITS as error:
        secret.mask_error(error)
        forget_variables(error)
        raise ResponseShapeError(
            _misfit(error, reply),
            status=reply.status,
            method=operation.method,
            path=path,
            body=evolve(reply, body=secret.mask(reply.body)).excerpt(),
            request_id=reply.request_id,
        ) from error


def _content(reply: Reply, secret: Secret) -> tuple[Any, bytes | None]:
    """The decoded body without the key, and its text if that says the same."""
    came, is_as_it_came = reply.json()
    content = secret.mask_json(came, reply.body)
    return content, reply.body if is_as_it_came and content is came else None


def _check_acted(operation: Operation[Any], content: Any, secret: Secret) -> None:
    """Any write may be answered ``{"success": false}``."""
    body = cast("dict[str, Any]", content) if isinstance(content, dict) else {}
    if body.get("success") is False:
        reason = body.get("reason") or _code_and_message(body)[1]
        verb = operation.path.rpartition("/")[2]
        action = _ACTIONS.get(verb) or _ACTIONS_BY_METHOD.get(operation.method, verb)
        raise RequestNotActedOnError(action, secret.mask_text(str(reason)))


def _refusal(
    operation: Operation[Any], path: str, reply: Reply, secret: Secret, now: datetime
) -> APIError:
    status = reply.status
    kind = _BY_STATUS.get(status) or (ServerError if status >= 500 else APIError)
    body = _json_object(reply)
    # A second time: in JSON the key may have been escaped, or in another encoding.
    code, message = map(secret.mask_text, _code_and_message(body))
    if 300 <= status < 400:
        message = f"redirected to {reply.headers.get('location', 'nowhere')}, not followed"
    return kind(
        message or ("" if body else reply.excerpt()[:200]),
        status=status,
        method=operation.method,
        path=path,
        code=code or None,
        body=reply.excerpt(),
        request_id=reply.request_id,
        retry_after=asked_delay(reply.headers, body, now),
        came_from_proxy=not body,
        advice=_advice(operation, path, has_body=bool(body)) if status == 404 else "",
    )


def _advice(operation: Operation[Any], path: str, *, has_body: bool) -> str:
    """What to do about a 404, or an empty string."""
    about_address = advice_about_address(path, operation.url)
    if about_address or not has_body:
        # Only Baseten knows whether an id exists: a proxy, whose answer is not JSON, does not.
        return about_address
    return advice_about_names(operation.path, operation.url, operation.body)


def _misfit(error: Exception, reply: Reply) -> str:
    if reply.flaw:
        return reply.flaw
    if not reply.body:
        return "it is empty"
    if isinstance(error, json.JSONDecodeError):
        return f"it is not JSON ({error})"
    if isinstance(error, KeyError):
        return f"the field {error} is missing"
    return f"it does not fit the spec ({error})"


def _json_object(reply: Reply) -> dict[str, Any]:
    try:
        content, _ = reply.json()
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", content) if isinstance(content, dict) else {}


def _code_and_message(body: dict[str, Any]) -> tuple[str, str]:
    """Baseten uses several fields: ``code``, ``error``, ``message``, ``detail``."""

    def text(key: str) -> str:
        value = body.get(key)
        if value is None:
            return ""
        return (value if isinstance(value, str) else json.dumps(value))[:_EXCERPT]

    message = text("message")
    code = text("code") or (text("error") if message else "")
    return code, message or text("error") or text("detail") or text("details")
