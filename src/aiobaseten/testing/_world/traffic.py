"""Requests to deployments over time, and how they were answered: for the metrics."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ..timelines import moment

Latency = float | Mapping[str, float]
"""Seconds until a response: the same for all, or by quantile: ``{"p50": 0.2, "p95": 1.4}``."""

# The requests up to each quantile are as slow as the quantile; the rest is as slow as the last one.
_QUANTILES: Final = ("p50", "p90", "p95", "p99")


@dataclass(frozen=True, slots=True)
class Answers:
    """How a deployment answers.

    Attributes:
        since: From when on, in seconds of the fake's time.
        from_percent: From which percentage of an environment's traffic on.
        error_share: The share of requests that it answers 500.
        latency: Pairs of a share of the requests and the seconds that they take; the shares add up
            to 1.
    """

    since: float
    from_percent: float
    error_share: float
    latency: Sequence[tuple[float, float]]


#: How a deployment answers unless a test says otherwise.
WELL: Final = Answers(-math.inf, 0.0, 0.0, ((1.0, 0.2),))


def answers(since: float, from_percent: float, error_share: float, latency: Latency) -> Answers:
    """How a deployment answers; raises ValueError for impossible numbers."""
    if not 0 <= error_share <= 1:
        raise ValueError(f"error_share is from 0 to 1, not {error_share!r}")
    if not 0 <= from_percent <= 100:
        raise ValueError(f"from_percent is from 0 to 100, not {from_percent!r}")
    return Answers(since, from_percent, error_share, _shares(latency))


def _shares(latency: Latency) -> Sequence[tuple[float, float]]:
    by_quantile = latency if isinstance(latency, Mapping) else {"p50": latency}
    given = [(name, by_quantile[name]) for name in _QUANTILES if name in by_quantile]
    seconds = [one for _, one in given]
    if len(given) != len(by_quantile) or not given:
        raise ValueError(f"latency is seconds, or seconds by {', '.join(_QUANTILES)}: {latency!r}")
    if not all(0 <= one < math.inf for one in seconds) or seconds != sorted(seconds):
        raise ValueError(f"latency is seconds from 0 up that do not fall: {latency!r}")
    ends = [float(name[1:]) / 100 for name, _ in given[:-1]] + [1.0]
    starts = [0.0, *ends[:-1]]
    return tuple((end - start, one) for start, end, one in zip(starts, ends, seconds, strict=True))


@dataclass(frozen=True, slots=True)
class Flow:
    """Requests that came evenly for some time, and were answered in one way.

    Attributes:
        start: When they began to come, in seconds of the fake's time.
        end: When they ended.
        per_second: How many came in a second.
        answers: How they were answered.
    """

    start: float
    end: float
    per_second: float
    answers: Answers


class Measured:
    """What happened in a window of time.

    Args:
        flows: All requests.
        start: When the window began, in seconds of the fake's time.
        end: When it ended.
    """

    def __init__(self, flows: Iterable[Flow], start: float, end: float) -> None:
        self.good: float = 0.0
        self.bad: float = 0.0
        masses: dict[float, float] = {}
        for flow in flows:
            lasting = min(flow.end, end) - max(flow.start, start)
            number = flow.per_second * lasting if lasting > 0 else 0.0
            if number > 0:
                self.bad += number * flow.answers.error_share
                self.good += number * (1 - flow.answers.error_share)
                for share, seconds in flow.answers.latency:
                    masses[seconds] = masses.get(seconds, 0.0) + number * share
        self.good, self.bad = moment(self.good), moment(self.bad)
        self._masses = sorted(masses.items())

    def quantile(self, share: float) -> float | None:
        """The seconds within which that share of the requests was answered; None without any."""
        left = share * math.fsum(number for _, number in self._masses)
        for seconds, number in self._masses:
            left -= number
            # Shares such as 0.9 are not exact.
            if left <= 1e-6:
                return seconds
        return self._masses[-1][0] if self._masses else None

    def average(self) -> float | None:
        """The seconds that a request took on average; None without any."""
        total = math.fsum(number for _, number in self._masses)
        if not total:
            return None
        return moment(math.fsum(seconds * number for seconds, number in self._masses) / total)
