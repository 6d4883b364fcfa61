"""Whether and when to repeat a request. No I/O.

What a 429 means to everybody else is in `_transport` (the endpoint is left alone for a while) and
in `_polls` (looks become fewer).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from attrs import frozen

from ._arguments import Duration, count, seconds
from .errors import APIError, BasetenError, RateLimitError, TransportError

#: What a server, or something before it, answers when it may do better the next time.
PASSING_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504, *range(520, 531)})


@frozen(kw_only=True)
class RetryPolicy:
    """How a request is repeated when its failure may pass.

    Reads are repeated when no connection was made, when it was reset or timed out, and on 408, 425,
    429, 500, 502, 503, 504 and 520 to 530. Writes are repeated only where they certainly had no
    effect: no connection was made, or the answer is 429.

    Attributes:
        attempts: How often a request is sent at most, the first time included.
        first_delay: Seconds or a `timedelta`: the first pause is a random share of this, and each
            further one of twice as much.
        max_delay: Seconds or a `timedelta` that such a pause takes at most.
        total: Seconds or a `timedelta` from the first sending after which none begins.
        max_retry_after: Seconds or a `timedelta` that a server may ask to be left alone for. If it
            asks for more, the error is raised instead.

    Raises:
        ConfigurationError: A number makes no sense.
    """

    attempts: int = 4
    first_delay: Duration = 0.5
    max_delay: Duration = 8.0
    total: Duration = 60.0
    max_retry_after: Duration = 60.0

    def __attrs_post_init__(self) -> None:
        count("attempts", self.attempts)
        for name in ("first_delay", "max_delay", "total", "max_retry_after"):
            seconds(name, getattr(self, name))


def delay_before_repeat(
    error: BasetenError,
    *,
    is_read: bool,
    attempt: int,
    elapsed: float,
    chance: float,
    policy: RetryPolicy,
) -> float | None:
    """Seconds to pause before sending once more, or ``None`` to give up.

    Args:
        error: What came of the last attempt.
        is_read: Whether the request changes nothing.
        attempt: The number of that attempt, from 1.
        elapsed: Seconds since the first one began.
        chance: A number in [0, 1).
        policy: The caller's.
    """
    if attempt >= policy.attempts or not _may_repeat(error, is_read=is_read):
        return None
    asked = error.retry_after if isinstance(error, APIError) else None
    if asked is not None and asked > seconds("max_retry_after", policy.max_retry_after):
        return None
    # Full jitter: clients that failed together do not come back together.
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
    return is_read and isinstance(error, APIError) and error.status in PASSING_STATUSES


def asked_delay(headers: Mapping[str, str], body: Mapping[str, Any], now: datetime) -> float | None:
    """Seconds after which the server asks to be asked again, or ``None``.

    Baseten says it in the body, as ``retry_after``; what stands before it may say it in the header,
    as seconds or as a date. Who asks for more is right. What makes no sense was not said.

    Args:
        headers: The answer's.
        body: The answer's, if it is a JSON object.
        now: The time of day, for dates.
    """
    said = (_number(body.get("retry_after")), _header(headers.get("retry-after"), now))
    return max((delay for delay in said if delay is not None), default=None)


def _number(value: object) -> float | None:
    if isinstance(value, str):
        try:
            value = float(value)
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
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max((at - now).total_seconds(), 0.0)


class RetryQuota:
    """What all requests of a client may spend on repeating.

    Repeating costs one; a request that succeeds pays a fifth back. So a few failures are
    repeated, and an outage, in which everything fails, is not met with a storm.
    """

    CAPACITY = 20.0
    REFUND = 0.2

    def __init__(self) -> None:
        self._left = self.CAPACITY

    def spend(self) -> bool:
        """Take one, if it is there."""
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True

    def refund(self) -> None:
        """A request has succeeded."""
        self._left = min(self._left + self.REFUND, self.CAPACITY)
