"""From a reply to a value or an exception, with literals. Words are in test_sentences.py."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from aiobaseten._operations import CHAIN
from aiobaseten._sending import Operation, Secret, parsed_by, then
from aiobaseten._sending.answers import Reply, judge
from aiobaseten.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ResponseShapeError,
    ServerError,
)
from aiobaseten.schemas import ChainDeployment

KEY = "s3cret-key"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PATH = "/v1/chains/c1/deployments/d1"
SOUND: dict[str, Any] = {
    "id": "d1",
    "created_at": "2026-11-21T10:00:00Z",
    "chain_id": "c1",
    "environment": None,
    "chainlets": [
        {
            "id": "x",
            "name": "Embed",
            "autoscaling_settings": None,
            "instance_type_name": "1x4",
            "active_replica_count": 0,
            "status": "BUILDING",
        }
    ],
    "status": "BUILDING",
}
HTML = b"<html><body>Attention Required!</body></html>"
DEEP = b"[" * 100_000


def reply(
    status: int = 200, body: object = None, *, flaw: str | None = None, **headers: str
) -> Reply:
    """A reply. *body* is bytes, text, or what is written as JSON; ``None`` stands for no body."""
    content = body if isinstance(body, bytes) else str(body).encode()
    if body is None:
        content = b""
    elif not isinstance(body, bytes | str):
        content = json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, headers=named, body=content, flaw=flaw)


def value_of(answer: Reply) -> ChainDeployment:
    """The deployment that a reply holds."""
    operation = CHAIN.get_deployment("c1", "d1")
    return judge(operation, PATH, answer, secret=Secret("Api-Key", KEY), now=NOW)


def refusal(answer: Reply) -> APIError:
    with pytest.raises(APIError) as caught:
        value_of(answer)
    return caught.value


def misfit(answer: Reply) -> ResponseShapeError:
    with pytest.raises(ResponseShapeError) as caught:
        value_of(answer)
    return caught.value


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (100, APIError),
        (199, APIError),
        (300, APIError),
        (301, APIError),
        (307, APIError),
        (400, BadRequestError),
        (401, AuthenticationError),
        (402, APIError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (408, APIError),
        (409, ConflictError),
        (418, APIError),
        (422, BadRequestError),
        (429, RateLimitError),
        (499, APIError),
        (500, ServerError),
        (502, ServerError),
        (520, ServerError),
        (599, ServerError),
        (700, ServerError),
    ],
)
def test_the_class_of_a_refusal_follows_from_its_status(status: int, kind: type[APIError]) -> None:
    error = refusal(reply(status, {"code": "SOME_CODE", "message": "No."}, x_request_id="req-7"))

    assert type(error) is kind
    assert (error.status, error.code, error.request_id) == (status, "SOME_CODE", "req-7")
    assert (error.method, error.path) == ("GET", PATH)
    assert error.body == '{"code": "SOME_CODE", "message": "No."}'


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"code": "VALIDATION_ERROR", "message": "No."}, "VALIDATION_ERROR", "No."),
        ({"error": "NOT_FOUND", "message": "No."}, "NOT_FOUND", "No."),
        ({"error": "No."}, None, "No."),
        ({"detail": "No."}, None, "No."),
        ({"detail": [{"loc": ["body"], "msg": "No."}]}, None, '[{"loc": ["body"], "msg": "No."}]'),
        ({"message": "No.", "details": {"a": 1}}, None, "No."),
        ({"details": "No."}, None, "No."),
        ({"message": None, "error": "No."}, None, "No."),
        ({"message": ""}, None, ""),
        ({}, None, "{}"),
        ({"code": 7, "message": "No."}, "7", "No."),
    ],
)
def test_code_and_message_are_found_in_every_shape(
    body: dict[str, Any], code: str | None, message: str
) -> None:
    error = refusal(reply(400, body))

    assert (error.code, error.message) == (code, message)


@pytest.mark.parametrize("body", [b"Bad gateway", HTML, b"", b"[]", b'"no"', b"\xff\xfe", DEEP])
def test_a_refusal_needs_no_json(body: bytes) -> None:
    error = refusal(reply(502, body))

    assert (type(error), error.code) == (ServerError, None)
    assert len(error.body) <= 2002


def test_the_error_keeps_the_beginning_of_a_long_body() -> None:
    page = "<html>" + 1994 * "x"

    for body, kept in [(page, page), (page + "y", page + " …")]:
        error = refusal(reply(502, body))

        assert (error.body, error.message) == (kept, page[:200])


def test_a_message_in_json_is_cut_to_the_same_length() -> None:
    assert len(refusal(reply(400, {"message": 9999 * "x"})).message) == 2000


def test_an_incomplete_body_does_not_hide_a_refusal() -> None:
    """A wait must end on a 401, even if the connection drops in the middle of its body."""
    error = refusal(reply(401, b'{"mess', flaw="it was cut off"))

    assert type(error) is AuthenticationError


@pytest.mark.parametrize(
    "name", ["x-request-id", "request-id", "x-amzn-requestid", "cf-ray"], ids=str
)
def test_the_request_id_is_found_under_each_of_its_names(name: str) -> None:
    headers = {name: "req-7", "date": "now"}

    assert Reply(status=200, headers=headers, body=b"").request_id == "req-7"


def test_basetens_own_request_id_is_preferred() -> None:
    headers = {"cf-ray": "edge", "x-request-id": "own"}

    assert Reply(status=200, headers=headers, body=b"").request_id == "own"


def test_without_a_request_id_there_is_none() -> None:
    assert refusal(reply(500, {})).request_id is None


@pytest.mark.parametrize(
    ("body", "header", "asked"),
    [
        ({"retry_after": 37}, None, 37.0),
        ({"retry_after": 37}, "12", 37.0),
        ({}, "12", 12.0),
        ({}, format_datetime(NOW + timedelta(minutes=2), usegmt=True), 120.0),
        ({}, None, None),
        ({"retry_after": "soon"}, "later", None),
    ],
)
def test_a_refusal_says_for_how_long_the_server_asks_for_a_pause(
    body: dict[str, Any], header: str | None, asked: float | None
) -> None:
    headers = {} if header is None else {"retry_after": header}

    assert refusal(reply(429, body, **headers)).retry_after == asked


# --- values --------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 202, 206, 299])
def test_every_success_with_a_body_that_fits_is_a_value(status: int) -> None:
    assert value_of(reply(status, SOUND)).chainlets[0].name == "Embed"


def test_unknown_statuses_and_fields_are_kept() -> None:
    deployment = value_of(reply(200, {**SOUND, "status": "MIGRATING", "colour": "blue"}))

    assert deployment.status == "MIGRATING"
    assert deployment.additional_properties == {"colour": "blue"}


@pytest.mark.parametrize("sign", ["", "-"])
def test_an_integer_of_any_length_does_not_hide_the_rest(sign: str) -> None:
    long = f'{{"note": {sign}{5000 * "9"}, '

    assert value_of(reply(200, long + json.dumps(SOUND)[1:])).id == "d1"
    assert refusal(reply(400, long + '"code": "ODD"}')).code == "ODD"


@pytest.mark.parametrize("kind", ["text/html", "text/plain; charset=latin-1", "image/png"])
def test_the_body_counts_and_not_its_content_type(kind: str) -> None:
    assert value_of(reply(200, SOUND, content_type=kind)).id == "d1"


def test_a_time_without_an_offset_is_utc() -> None:
    deployment = value_of(reply(200, {**SOUND, "created_at": "2026-11-21T10:00:00"}))

    assert deployment.created_at.utcoffset() == timedelta(0)


def test_an_operation_without_a_response_body_gets_none() -> None:
    operation = parsed_by(CHAIN.get_deployment("c1", "d1"), lambda data: [data])

    assert judge(operation, PATH, reply(204), secret=Secret("Api-Key", KEY), now=NOW) == [None]


# --- successes that do not fit -------------------------------------------------------------------

MISFITS: list[tuple[str, bytes]] = [
    ("empty", b""),
    ("HTML", HTML),
    ("cut", json.dumps(SOUND).encode()[:60]),
    ("null", b"null"),
    ("a list", b"[]"),
    ("no fields", b"{}"),
    ("no text", b"\xff\xfe\xfd"),
    ("half a character", json.dumps(SOUND).encode("utf-16")[:51]),
    ("deep", DEEP),
    ("no status", json.dumps({**SOUND, "status": None}).encode()),
]


@pytest.mark.parametrize("body", [body for _, body in MISFITS], ids=[name for name, _ in MISFITS])
def test_a_success_that_does_not_fit_is_a_shape_error(body: bytes) -> None:
    error = misfit(reply(200, body, x_request_id="req-7"))

    assert (error.status, error.request_id) == (200, "req-7")
    assert (error.method, error.path) == ("GET", PATH)
    assert error.__cause__ is not None
    assert len(error.body) <= 2002


@pytest.mark.parametrize("missing", ["id", "status"])
def test_a_needed_field_that_is_missing_is_a_shape_error(missing: str) -> None:
    body = {key: value for key, value in SOUND.items() if key != missing}

    assert isinstance(misfit(reply(200, body)).__cause__, KeyError)


def test_a_flaw_of_the_body_is_a_shape_error_even_if_the_rest_is_json() -> None:
    error = misfit(reply(200, SOUND, flaw="it is longer than 9 bytes"))

    assert error.body == json.dumps(SOUND)


@pytest.mark.parametrize(
    "raised",
    [KeyError("a"), TypeError("a"), ValueError("a"), AttributeError("a"), OverflowError("a")],
    ids=repr,
)
def test_an_error_of_the_decoder_is_a_shape_error(raised: Exception) -> None:
    def fail(_data: object) -> object:
        raise raised

    operation = parsed_by(CHAIN.get_deployment("c1", "d1"), fail)

    with pytest.raises(ResponseShapeError) as caught:
        judge(operation, PATH, reply(200, {}), secret=Secret("Api-Key", KEY), now=NOW)

    assert caught.value.__cause__ is raised


def test_a_further_step_of_decoding_is_judged_like_the_first() -> None:
    operation: Operation[int] = then(
        parsed_by(CHAIN.get_deployment("c1", "d1"), lambda data: data), lambda data: data["x"]
    )

    with pytest.raises(ResponseShapeError):
        judge(operation, PATH, reply(200, {}), secret=Secret("Api-Key", KEY), now=NOW)
    assert judge(operation, PATH, reply(200, {"x": 7}), secret=Secret("", KEY), now=NOW) == 7
    assert (operation.method, operation.url) == ("GET", PATH)


# --- the key -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"code": KEY, "message": KEY}).encode("utf-16"),
        json.dumps({"message": KEY}).replace("s3", "\\u00733").encode(),
    ],
    ids=["in another encoding", "escaped"],
)
def test_the_key_is_masked_in_a_message_that_hid_it(body: bytes) -> None:
    """`Connections` masks the bytes. Decoding can bring it back."""
    error = refusal(reply(400, body))

    assert "[api key]" in error.message
    assert KEY not in f"{error} {error.code} {error.message}"


def test_the_key_is_masked_in_the_error_of_the_decoder() -> None:
    error = misfit(reply(200, json.dumps({**SOUND, "id": {KEY: 1}}).encode("utf-16")))

    assert KEY not in f"{error} {error.__cause__}"
