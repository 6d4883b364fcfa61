"""Options of waits, as JSON data that a trigger carries to another machine.

The timeout is not among them: a trigger carries a deadline instead, so that a wait that moves to
another machine does not start its timeout again.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any, get_type_hints

from ..options import CancellationOptions, Duration, LoopClock, WaitOptions

#: The time that a wait has to say how it ended, before Airflow ends the deferral by itself.
_GRACE = timedelta(minutes=1)


def options_for(kind: type[CancellationOptions], checked: WaitOptions) -> dict[str, Any]:
    """The options that one kind of wait takes, without its timeout.

    Args:
        kind: The kind, such as `aiobaseten.options.PromotionOptions`.
        checked: The values.
    """
    return {name: getattr(checked, name) for name in get_type_hints(kind) if name != "timeout"}


def deadline_after(timeout: Duration | None, task_timeout: timedelta | None) -> float | None:
    """The deadline, in seconds since the epoch, of a wait that starts now.

    Args:
        timeout: Seconds or a `timedelta`; ``None`` means no limit.
        task_timeout: The ``execution_timeout`` of the task, which Airflow leaves to its operator
            while the task is deferred.
    """
    seconds = min(WaitOptions(timeout=one).timeout for one in (timeout, task_timeout))
    # JSON has no infinity.
    return None if math.isinf(seconds) else LoopClock().utcnow().timestamp() + seconds


def airflows_limit(task_timeout: timedelta | None) -> timedelta | None:
    """The time after which Airflow ends a deferral by itself, for when no triggerer is running.

    Args:
        task_timeout: The ``execution_timeout`` of the task.
    """
    return None if task_timeout is None else task_timeout + _GRACE


def seconds_until(deadline: float | None) -> float | None:
    """The seconds that are left until a deadline, at least 0; ``None`` means no limit."""
    return None if deadline is None else max(0.0, deadline - LoopClock().utcnow().timestamp())
