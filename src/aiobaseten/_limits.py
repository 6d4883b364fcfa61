"""How many requests may be sent, for each class of endpoint. No I/O.

Baseten counts each route by itself, for each key: 100 requests a second; 20 a minute for
activating and for deactivating a deployment; 10 a minute for retrying one. In practice about eight
loops that look once a second run into limits of the organization and of what stands before the API
(the page of ``truss push`` says so), which is why a client looks at most five times a second.
"""

from __future__ import annotations

from collections import deque

#: Looks a second of one client, unless the caller says otherwise.
POLLING_RATE = 5.0

_PER_SECOND = (100, 1.0)
_PER_MINUTE = {"activate": (20, 60.0), "deactivate": (20, 60.0), "retry": (10, 60.0)}
_DEPLOYMENTS = "/v1/models/{model_id}/deployments/"
# The server's window and ours do not begin together, and requests do not all take equally long.
_MARGIN = 1.1
# Looks at once, when none were made for a while.
_BURST = 5.0
# Seconds in which a rate that was halved to nothing is whole again.
_RECOVERY_S = 60.0
# A client never goes below this part of its rate.
_LEAST_SHARE = 64.0


class Window:
    """So many requests in any so many seconds.

    Sliding, so that no window of the server's, wherever it begins, gets more.
    """

    def __init__(self, requests: int, seconds: float) -> None:
        self._sent: deque[float] = deque(maxlen=requests)
        self._seconds = seconds * _MARGIN
        self._paused_until = 0.0

    def free_at(self, now: float) -> float:
        """When the next request may be sent."""
        is_full = len(self._sent) == self._sent.maxlen
        return max(now, self._paused_until, self._sent[0] + self._seconds if is_full else now)

    def take(self, now: float) -> None:
        """A request is sent."""
        self._sent.append(now)

    def pause(self, until: float) -> None:
        """The server has asked to be left alone until then."""
        self._paused_until = max(self._paused_until, until)


class PollingBudget:
    """Looks a second: evenly, with a few at once to begin with, and less when the server says so.

    Other clients may use the same key. So a refusal halves the rate, and time brings it back: that
    way several clients come to share what there is without knowing of each other.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._allowed = rate
        self._burst = min(_BURST, max(1.0, rate))
        self._used_until = float("-inf")  # when what was taken would be paid for, look by look
        self._seen_at = float("-inf")

    def free_at(self, now: float) -> float:
        """When the next look may begin."""
        return max(now, self._used_until - (self._burst - 1.0) / self._allowed)

    def take(self, now: float) -> None:
        """A look begins."""
        if self._allowed < self._rate:
            regained = self._rate * (now - self._seen_at) / _RECOVERY_S
            self._allowed = min(self._allowed + regained, self._rate)
        self._seen_at = now
        self._used_until = max(self._used_until, now) + 1.0 / self._allowed

    def slow_down(self, now: float) -> None:
        """The server has refused a look."""
        self._seen_at = now
        self._allowed = max(self._allowed / 2.0, self._rate / _LEAST_SHARE)


def documented_window(method: str, path: str) -> Window:
    """The documented limit of an endpoint.

    Args:
        method: In capitals.
        path: The template.
    """
    verb = path.removeprefix(_DEPLOYMENTS).partition("/")[2]
    is_limited = method == "POST" and path.startswith(_DEPLOYMENTS) and verb in _PER_MINUTE
    return Window(*(_PER_MINUTE[verb] if is_limited else _PER_SECOND))
