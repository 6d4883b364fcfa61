"""How many looks per second a client may make, and for how long some may hold places. Pure."""

from __future__ import annotations

from .._clock import EARLY_S

# Looks that may be made at once after a pause.
_BURST = 5.0
# Seconds until a rate that was halved many times is whole again.
_RECOVERY_S = 60.0
# A client never goes below this part of its rate.
_LEAST_SHARE = 64.0


class PollingBudget:
    """Looks per second: a short burst, then evenly, and fewer when the server refuses.

    Other clients may use the same key. So a refusal halves the rate, and time restores it: in this
    way several clients come to share the limit without knowing of each other.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._allowed = rate
        self._burst = min(_BURST, max(1.0, rate))
        self._used_until = float("-inf")  # when the looks so far are paid for
        self._seen_at = float("-inf")

    def free_at(self, now: float) -> float:
        """When the next look may start."""
        return max(now, self._used_until - (self._burst - 1.0) / self._allowed)

    def take(self, now: float) -> None:
        """Count a look that starts now."""
        if self._allowed < self._rate:
            regained = self._rate * (now - self._seen_at) / _RECOVERY_S
            self._allowed = min(self._allowed + regained, self._rate)
        self._seen_at = now
        self._used_until = max(self._used_until, now) + 1.0 / self._allowed

    def slow_down(self, now: float) -> None:
        """Halve the rate: the server has refused a look."""
        self._seen_at = now
        self._allowed = max(self._allowed / 2.0, self._rate / _LEAST_SHARE)


class PlaceTime:
    """The share of all places that some looks may hold, on average, while others want them.

    With few places, a share may be less than one place: then it is a share of its time.

    Args:
        share: Above 0, below 1.

    Attributes:
        used_until: Until when they have held it, on the clock.
    """

    def __init__(self, share: float) -> None:
        self._share = share
        self.used_until = float("-inf")

    def is_left(self, now: float) -> bool:
        """Whether they have held less."""
        return self.used_until <= now + EARLY_S

    def use(self, began: float, ended: float, places: int) -> None:
        """Count a look that began while some of the share was left."""
        self.used_until = max(self.used_until, began) + (ended - began) / (self._share * places)
