"""Baseten's documented rate limits, counted for each route.

The library has the same numbers in its own module. They are not shared: the fake judges the
library, so each reads the documentation for itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class RouteLimit:
    """At most so many requests in a window of so many seconds."""

    requests: int
    window: float


EVERY_ROUTE: Final = RouteLimit(100, 1.0)
_BY_ACTION: Final = {
    "activate": RouteLimit(20, 60.0),
    "deactivate": RouteLimit(20, 60.0),
    "retry": RouteLimit(10, 60.0),
}


def limit_of(method: str, template: str) -> RouteLimit:
    """The limit of a route."""
    of_deployment = template.startswith("/v1/models/{model_id}/deployments/")
    if method == "POST" and of_deployment:
        return _BY_ACTION.get(template.rsplit("/", 1)[-1], EVERY_ROUTE)
    return EVERY_ROUTE


class RateLimits:
    """Counts the requests to each route in fixed windows.

    Args:
        documented: Whether to enforce the documented limits.
        metrics_per_minute: How many requests a minute for metrics are allowed.
    """

    def __init__(self, *, documented: bool, metrics_per_minute: float) -> None:
        self._documented = documented
        self._metrics_per_minute = metrics_per_minute
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}

    def retry_after(self, method: str, template: str, now: float) -> int | None:
        """Count a request. Returns the whole seconds to wait if it is above the limit."""
        limit, route = self._limit_of(method, template), (method, template)
        if limit is None:
            return None
        began, count = self._windows.get(route, (now, 0))
        if now >= began + limit.window:
            began, count = now, 0
        self._windows[route] = (began, count + 1)
        if count < limit.requests:
            return None
        return max(1, math.ceil(began + limit.window - now))

    def _limit_of(self, method: str, template: str) -> RouteLimit | None:
        if template.endswith("/metrics") and self._metrics_per_minute != math.inf:
            return RouteLimit(int(self._metrics_per_minute), 60.0)
        return limit_of(method, template) if self._documented else None
