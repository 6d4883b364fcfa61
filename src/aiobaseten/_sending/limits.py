"""Documented rate limits: how many requests each route allows. Pure.

Baseten counts each route separately, for each key: 100 requests per second; 20 per minute for
activating and for deactivating a deployment; 10 per minute for retrying one. After a 429, the
sender pauses the route here. Metrics have a limit of our own for each URL: see `seconds_between`.
"""

from __future__ import annotations

from collections import deque

_PER_SECOND = (100, 1.0)
_PER_MINUTE = {"activate": (20, 60.0), "deactivate": (20, 60.0), "retry": (10, 60.0)}
_DEPLOYMENTS = "/v1/models/{model_id}/deployments/"
#: Seconds for which a 429 pauses a route at most: the longest of Baseten's documented rate windows.
#: A server that asks for a longer pause is wrong, and would stop every wait of the client from
#: looking. One call may wait for longer, if its policy says so.
LONGEST_PAUSE_S = 60.0
#: Seconds between two requests for the metrics of one deployment or environment. Baseten documents
#: no limit, but has answered 429 to the fourteenth request in a short time.
METRICS_EVERY_S = 60.0
# The server's window starts at another moment than ours, and requests take different times.
_MARGIN = 1.1


class RateWindow:
    """At most so many requests in any period of so many seconds.

    The window slides, so that no window of the server's sees more requests, wherever it starts.

    Attributes:
        paused_until: Until when the server has asked for a pause, on the clock.
    """

    def __init__(self, requests: int, seconds: float) -> None:
        self._sent: deque[float] = deque(maxlen=requests)
        self._seconds = seconds * _MARGIN
        self.paused_until = 0.0

    def free_at(self, now: float, *, passes_pause: bool = False) -> float:
        """When the next request may be sent."""
        is_full = len(self._sent) == self._sent.maxlen
        paused_until = now if passes_pause else self.paused_until
        return max(now, paused_until, self._sent[0] + self._seconds if is_full else now)

    def take(self, now: float) -> None:
        """Count a request that is sent now."""
        self._sent.append(now)

    def pause(self, now: float, asked: float) -> None:
        """Send nothing for so many seconds, or for a minute: the server has asked for a pause."""
        self.paused_until = max(self.paused_until, now + min(asked, LONGEST_PAUSE_S))

    def resume(self) -> None:
        """End the pause: the server answers again."""
        self.paused_until = 0.0


def documented_window(method: str, path: str) -> RateWindow:
    """The documented limit of a route.

    Args:
        method: In capitals.
        path: The template.
    """
    verb = path.removeprefix(_DEPLOYMENTS).partition("/")[2]
    is_limited = method == "POST" and path.startswith(_DEPLOYMENTS) and verb in _PER_MINUTE
    return RateWindow(*(_PER_MINUTE[verb] if is_limited else _PER_SECOND))


def seconds_between(method: str, path: str) -> float:
    """Seconds that must pass between two requests to one URL of a route.

    Args:
        method: In capitals.
        path: The template.
    """
    return METRICS_EVERY_S if method == "GET" and path.endswith("/metrics") else 0.0
