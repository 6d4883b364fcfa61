"""Whether and when a request is repeated. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from .._arguments import seconds
from ..errors import (
    TRANSIENT_STATUSES,
    APIError,
    BasetenError,
    RateLimitError,
    TransportError,
)
from ..options import RetryPolicy

# A client that lives long does not remember every URL that ever failed.
_MOST_URLS = 100


def delay_before_repeat(
    error: BasetenError,
    *,
    is_read: bool,
    attempt: int,
    elapsed: float,
    chance: float,
    policy: RetryPolicy,
) -> float | None:
    """Seconds to wait before the next attempt, or ``None`` to give up.

    Args:
        error: The error of the last attempt.
        is_read: Whether the request changes nothing.
        attempt: The number of that attempt, from 1.
        elapsed: Seconds since the first attempt started.
        chance: A random number in [0, 1).
        policy: The caller's.
    """
    if attempt >= policy.attempts or not _may_repeat(error, is_read=is_read):
        return None
    asked = error.retry_after if isinstance(error, APIError) else None
    if asked is not None and asked > seconds("max_retry_after", policy.max_retry_after):
        return None
    # Full jitter: clients that failed together do not return together.
    ceiling = min(
        seconds("first_delay", policy.first_delay) * 2.0 ** min(attempt - 1, 30),
        seconds("max_delay", policy.max_delay),
    )
    delay = max(asked or 0.0, chance * ceiling)
    return delay if elapsed + delay <= seconds("total", policy.total) else None


def _may_repeat(error: BasetenError, *, is_read: bool) -> bool:
    if isinstance(error, RateLimitError):
        return True  # the server says that it did not act
    if isinstance(error, TransportError):
        return is_read or not error.sent
    return is_read and isinstance(error, APIError) and error.status in TRANSIENT_STATUSES


def asked_delay(headers: Mapping[str, str], body: Mapping[str, Any], now: datetime) -> float | None:
    """Seconds for which the server asks the client to wait, or ``None``.

    Baseten puts it into the body, as ``retry_after``; a proxy may put it into the header, as
    seconds or as a date. The larger value counts. Invalid values are ignored.

    Args:
        headers: The reply's, with names in lower case.
        body: The reply's, if it is a JSON object.
        now: The time of day, for dates.
    """
    delays = (_number(body.get("retry_after")), _header(headers.get("retry-after"), now))
    return max((delay for delay in delays if delay is not None), default=None)


def _number(value: object) -> float | None:
    if isinstance(value, str):
        try:
            value = None if "_" in value else float(value)  # as in Python's code
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:  # an integer of more than 300 digits
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _header(value: str | None, now: datetime) -> float | None:
    if value is None:
        return None
    delay = _number(value.strip())
    if delay is not None:
        return delay
    at = seconds_since_1970(value)
    return None if at is None else max(at - now.timestamp(), 0.0)


def seconds_since_1970(date: str) -> float | None:
    """A date in a header; ``None`` if it is not one."""
    try:
        at = parsedate_to_datetime(date)
        return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


class RetryQuota:
    """How often the requests of one route may be repeated.

    A repeat costs one; a success gives a fifth back. So a few failures are repeated, and an outage
    does not cause a storm of requests. A URL may not spend more than is left for the others: one
    that always fails takes half of the quota, and does not keep others from being repeated.
    """

    CAPACITY = 20.0
    REFUND = 0.2

    def __init__(self) -> None:
        self._left = self.CAPACITY
        self._spent: dict[str, float] = {}

    def spend(self, url: str) -> bool:
        """Take one for a request to *url*, if there is one."""
        spent = self._spent.get(url, 0.0)
        if self._left < spent + 1.0:
            return False
        self._left -= 1.0
        self._spent[url] = spent + 1.0
        if len(self._spent) > _MOST_URLS:
            del self._spent[next(iter(self._spent))]
        return True

    def refund(self, url: str) -> None:
        """Give a part back after a success."""
        self._left = min(self._left + self.REFUND, self.CAPACITY)
        spent = self._spent.pop(url, 0.0) - self.REFUND
        if spent > 0.0:
            self._spent[url] = spent
