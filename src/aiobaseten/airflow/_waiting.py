"""What is asked of a wait, as plain data that goes with its trigger.

It is checked when a DAG is read: what is wrong must not show after something was begun.
"""

from __future__ import annotations

from typing import Any

from .._arguments import Duration, seconds
from ..options import LoopClock, WaitOptions


def options(
    *,
    accept_scaled_to_zero: bool,
    settling_time: Duration,
    unhealthy_grace: Duration,
    log_lines: int,
) -> dict[str, Any]:
    """The arguments that every wait takes.

    Raises:
        ConfigurationError: One of them makes no sense.
    """
    return {
        "accept_scaled_to_zero": accept_scaled_to_zero,
        "settling_time": seconds("settling_time", settling_time),
        "unhealthy_grace": seconds("unhealthy_grace", unhealthy_grace),
        "log_lines": WaitOptions(log_lines=log_lines).log_lines,
    }


def limit(timeout: Duration | None) -> float | None:
    """*timeout* in seconds; ``None`` for no limit.

    Raises:
        ConfigurationError: It is no duration.
    """
    return None if timeout is None else seconds("timeout", timeout)


def deadline(timeout: float | None) -> float | None:
    """Seconds since the epoch after *timeout* more of them; ``None`` for never."""
    return None if timeout is None else LoopClock().utcnow().timestamp() + timeout
