"""Which errors of a look end a wait, without an event loop."""

from __future__ import annotations

import math
from typing import Any

import pytest

from aiobaseten._waiting.schedule import asked_pause
from aiobaseten._waiting.steps import ends_in
from aiobaseten.errors import (
    APIError,
    BasetenError,
    ConfigurationError,
    NotFoundError,
    PermissionDeniedError,
    RequestTimeoutError,
    ResponseShapeError,
    TransportError,
)

WHERE: dict[str, Any] = {"method": "GET", "path": "/v1/models/m1"}


def refusal(status: int, kind: type[APIError] = APIError) -> APIError:
    return kind("no", status=status, **WHERE)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 405, 409, 410, 413, 422])
def test_a_client_error_ends_a_wait(status: int) -> None:
    assert ends_in(refusal(status), 0, lasts=0, has_looked=False) == 0


@pytest.mark.parametrize("status", [302, 408, 425, 429, 500, 502, 503, 504, 520, 529])
def test_a_server_error_is_ridden_out(status: int) -> None:
    assert ends_in(refusal(status), 10_000, lasts=0, has_looked=True) == math.inf


@pytest.mark.parametrize(
    "error",
    [
        TransportError("reset", sent=True, **WHERE),
        RequestTimeoutError("timed out", sent=True, **WHERE),
        ResponseShapeError("it is empty", status=200, **WHERE),
    ],
)
def test_a_lost_or_unreadable_response_is_ridden_out(error: BasetenError) -> None:
    assert ends_in(error, 10_000, lasts=10_000, has_looked=True) == math.inf


def test_a_closed_client_ends_its_waits() -> None:
    assert ends_in(ConfigurationError("closed"), 0, lasts=0, has_looked=False) == 0


@pytest.mark.parametrize(
    ("at", "lasts", "has_looked", "ends"),
    [
        (0, 0, False, False),
        (29.9, 29.9, False, False),
        (30, 30, False, True),
        (100, 0, True, False),
        (100, 9.9, True, False),
        (100, 10, True, True),
    ],
)
def test_not_found_is_ridden_out_for_half_a_minute_or_for_ten_seconds_after_a_success(
    at: float, lasts: float, has_looked: bool, ends: bool
) -> None:
    error = refusal(404, NotFoundError)

    assert (ends_in(error, at, lasts=lasts, has_looked=has_looked) <= 0) is ends


@pytest.mark.parametrize(("lasts", "ends"), [(29, False), (30, True)])
@pytest.mark.parametrize(("status", "kind"), [(403, PermissionDeniedError), (404, NotFoundError)])
def test_a_proxys_refusal_is_ridden_out_for_half_a_minute_after_a_success(
    status: int, kind: type[APIError], lasts: float, ends: bool
) -> None:
    error = refusal(status, kind)
    error.came_from_proxy = True

    assert (ends_in(error, 100, lasts=lasts, has_looked=True) <= 0) is ends


def test_a_proxys_refusal_of_the_first_look_ends_a_wait() -> None:
    error = refusal(403, PermissionDeniedError)
    error.came_from_proxy = True

    assert ends_in(error, 0, lasts=0, has_looked=False) <= 0


@pytest.mark.parametrize(("lasts", "ends"), [(29, False), (30, True)])
def test_answers_that_never_fitted_end_a_wait_after_half_a_minute(lasts: float, ends: bool) -> None:
    error = ResponseShapeError("it is empty", status=200, **WHERE)

    assert (ends_in(error, 100, lasts=lasts, has_looked=False) <= 0) is ends


def test_the_pause_of_an_error_is_a_minute_at_most() -> None:
    limited = refusal(429)
    limited.retry_after = 37.0

    assert asked_pause(limited) == 37
    limited.retry_after = 37_000.0
    assert asked_pause(limited) == 60
    assert asked_pause(refusal(503)) is None
    assert asked_pause(TransportError("reset", sent=True, **WHERE)) is None
