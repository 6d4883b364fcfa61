"""Options of waits, as JSON data that a trigger carries to another machine.

The timeout is not among them: a trigger carries a deadline instead, so that a wait that moves to
another machine does not start its timeout again.
"""

from __future__ import annotations

import math
from typing import Any, get_type_hints

from ..options import CancellationOptions, Duration, LoopClock, WaitOptions


def options_for(kind: type[CancellationOptions], checked: WaitOptions) -> dict[str, Any]:
    """The options that one kind of wait takes, without its timeout.

    Args:
        kind: The kind, such as `aiobaseten.options.PromotionOptions`.
        checked: The values.
    """
    return {name: getattr(checked, name) for name in get_type_hints(kind) if name != "timeout"}


def deadline_after(timeout: Duration | None) -> float | None:
    """The deadline, in seconds since the epoch, of a wait that starts now.

    Args:
        timeout: Seconds or a `timedelta`; ``None`` means no limit.
    """
    seconds = WaitOptions(timeout=timeout).timeout
    # JSON has no infinity.
    return None if math.isinf(seconds) else LoopClock().utcnow().timestamp() + seconds


def seconds_until(deadline: float | None) -> float | None:
    """The seconds that are left until a deadline, at least 0; ``None`` means no limit."""
    return None if deadline is None else max(0.0, deadline - LoopClock().utcnow().timestamp())
