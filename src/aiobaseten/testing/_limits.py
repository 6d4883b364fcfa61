"""Baseten's documented rate limits, counted per route."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests in a window of so many seconds."""

    requests: int
    window: float


EVERY_ROUTE: Final = Limit(100, 1.0)
_LAST_WORDS: Final = {
    "activate": Limit(20, 60.0),
    "deactivate": Limit(20, 60.0),
    "retry": Limit(10, 60.0),
}


def limit_of(method: str, template: str) -> Limit:
    """The limit of a route."""
    of_deployment = template.startswith("/v1/models/{model_id}/deployments/")
    if method == "POST" and of_deployment:
        return _LAST_WORDS.get(template.rsplit("/", 1)[-1], EVERY_ROUTE)
    return EVERY_ROUTE


class RateLimits:
    """Counts requests in fixed windows."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}

    def retry_after(self, method: str, template: str, now: float) -> int | None:
        """Count a request; the whole seconds to wait if it is one too many."""
        limit, key = limit_of(method, template), (method, template)
        began, count = self._windows.get(key, (now, 0))
        if now >= began + limit.window:
            began, count = now, 0
        self._windows[key] = (began, count + 1)
        if count < limit.requests:
            return None
        return max(1, math.ceil(began + limit.window - now))
