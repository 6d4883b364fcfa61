"""Whether and when a request is retried, without an event loop."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from aiobaseten import RetryPolicy
from aiobaseten._sending.retry import RetryQuota, asked_delay, delay_before_repeat
from aiobaseten.errors import (
    TRANSIENT_STATUSES,
    APIError,
    BasetenError,
    RateLimitError,
    ResponseShapeError,
    ServerError,
    TransportError,
)

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def answer(status: int, retry_after: float | None = None) -> APIError:
    kind = RateLimitError if status == 429 else ServerError if status >= 500 else APIError
    error = kind("no", status=status, method="GET", path="/")
    error.retry_after = retry_after
    return error


def lost(*, sent: bool) -> TransportError:
    return TransportError("lost", method="GET", path="/", sent=sent)


def delay(
    error: BasetenError,
    *,
    is_read: bool = True,
    attempt: int = 1,
    elapsed: float = 0.0,
    chance: float = 0.5,
    **policy: float,
) -> float | None:
    return delay_before_repeat(
        error,
        is_read=is_read,
        attempt=attempt,
        elapsed=elapsed,
        chance=chance,
        policy=RetryPolicy(**policy),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 520, 524, 530])
def test_a_read_is_retried_after_a_temporary_failure(status: int) -> None:
    assert delay(answer(status)) is not None


@pytest.mark.parametrize("status", [301, 400, 401, 402, 403, 404, 405, 409, 422, 501, 505, 600])
def test_a_permanent_refusal_is_not_retried(status: int) -> None:
    assert delay(answer(status)) is None


@pytest.mark.parametrize("status", sorted(TRANSIENT_STATUSES - {429}))
def test_a_write_is_not_retried_if_it_may_have_had_an_effect(status: int) -> None:
    assert delay(answer(status), is_read=False) is None


def test_a_write_is_retried_after_a_429_because_the_server_did_not_act() -> None:
    assert delay(answer(429), is_read=False) is not None


@pytest.mark.parametrize(
    ("sent", "is_read", "repeated"),
    [(True, True, True), (False, True, True), (False, False, True), (True, False, False)],
)
def test_a_lost_write_is_retried_only_if_it_was_never_sent(
    sent: bool, is_read: bool, repeated: bool
) -> None:
    assert (delay(lost(sent=sent), is_read=is_read) is not None) is repeated


def test_a_response_that_does_not_fit_is_not_retried() -> None:
    assert delay(ResponseShapeError("odd", status=200, method="GET", path="/")) is None


def test_attempts_include_the_first() -> None:
    assert delay(answer(503), attempt=2, attempts=3) is not None
    assert delay(answer(503), attempt=3, attempts=3) is None
    assert delay(answer(503), attempt=1, attempts=1) is None


def test_pauses_are_a_random_share_of_a_ceiling_that_doubles() -> None:
    ceilings = [delay(answer(503), attempt=n, chance=1.0, attempts=9) for n in range(1, 7)]

    assert ceilings == [0.5, 1, 2, 4, 8, 8]
    assert delay(answer(503), chance=0.0) == 0.0


def test_no_attempt_starts_after_the_total() -> None:
    assert delay(answer(503, 5.0), elapsed=55.0, total=60.0) == 5.0
    assert delay(answer(503, 5.0), elapsed=55.1, total=60.0) is None


def test_a_retry_waits_for_as_long_as_the_server_asks() -> None:
    assert delay(answer(429, 37.0)) == 37.0


def test_a_longer_pause_than_allowed_ends_the_retries() -> None:
    assert delay(answer(429, 86_400.0)) is None
    assert delay(answer(429, 10.1), max_retry_after=10.0) is None
    assert delay(answer(429, 10.0), max_retry_after=10.0) == 10.0


@pytest.mark.parametrize(
    ("header", "body", "asked"),
    [
        (None, {"retry_after": 37}, 37.0),
        (None, {"retry_after": "37"}, 37.0),
        (None, {"retry_after": 0}, 0.0),
        (None, {"retry_after": 0.5}, 0.5),
        ("12", {}, 12.0),
        ("1.5", {}, 1.5),
        (" 12 ", {}, 12.0),
        ("12", {"retry_after": 37}, 37.0),
        ("37", {"retry_after": 12}, 37.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), {}, 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), {}, 0.0),
        ("Sat, 21 Nov 2026 12:01:30", {}, 90.0),
        ("86400", {}, 86_400.0),
    ],
)
def test_the_larger_of_header_and_body_is_the_pause(
    header: str | None, body: dict[str, object], asked: float
) -> None:
    headers = {} if header is None else {"retry-after": header}

    assert asked_delay(headers, body, NOW) == asked


@pytest.mark.parametrize(
    "nonsense", [-1, float("nan"), float("inf"), True, None, [], {}, "soon", "-5", "1_0", 10**400]
)
def test_an_invalid_pause_is_ignored(nonsense: object) -> None:
    assert asked_delay({"retry-after": str(nonsense)}, {"retry_after": nonsense}, NOW) is None


def spent(quota: RetryQuota, *urls: str) -> int:
    """How many repeats the quota grants to requests that all fail."""
    return sum(quota.spend(url) for _ in range(1000) for url in urls)


def test_an_outage_uses_up_the_quota_and_successes_restore_it() -> None:
    quota = RetryQuota()
    urls = [f"/{number}" for number in range(40)]

    granted = spent(quota, *urls)
    for _ in range(11):
        quota.refund("/")
    granted_later = spent(quota, *urls[20:])

    assert granted == 20
    assert granted_later == 2


def test_a_url_that_always_fails_takes_half_of_the_quota() -> None:
    quota = RetryQuota()

    assert spent(quota, "/bad") == 10
    assert quota.spend("/other")


def test_two_urls_that_always_fail_leave_a_third_of_the_quota() -> None:
    quota = RetryQuota()

    assert spent(quota, "/bad", "/worse") == 14
    assert quota.spend("/other")


def test_a_url_that_often_fails_leaves_repeats_for_others() -> None:
    """Each failure is repeated, and the repeat succeeds."""
    quota = RetryQuota()
    for _ in range(1000):
        if quota.spend("/flaky"):
            quota.refund("/flaky")

    assert quota.spend("/other")


def test_a_url_that_is_well_again_may_be_repeated_again() -> None:
    quota = RetryQuota()
    spent(quota, "/bad")
    for _ in range(50):
        quota.refund("/bad")

    assert spent(quota, "/bad") == 10


def test_successes_do_not_raise_the_quota_above_its_capacity() -> None:
    quota = RetryQuota()
    for _ in range(1000):
        quota.refund("/")

    assert spent(quota, *(f"/{number}" for number in range(40))) == 20


def test_the_quota_does_not_remember_every_url() -> None:
    quota = RetryQuota()
    for number in range(1000):
        quota.spend(f"/{number}")
        for _ in range(5):
            quota.refund("/well")

    assert spent(quota, "/0") == 10, "its failure is forgotten"
