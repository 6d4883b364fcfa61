"""What callers pass: durations, policies, and the options of waits.

Every option is checked when it is passed, type included, before anything is sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal, TypeAlias, TypedDict

from attrs import field, frozen

from . import _arguments
from ._arguments import Duration as Duration
from ._arguments import OnPaused as OnPaused
from ._arguments import boolean, count, seconds
from ._clock import Clock as Clock
from ._clock import CompressedClock as CompressedClock
from ._clock import LoopClock as LoopClock
from ._status import Stage as Stage
from .errors import ConfigurationError

__all__ = [
    "DEFAULT_POLLING_RATE",
    "DEFAULT_TIMEOUT_S",
    "SETTLING_TIME_S",
    "UNHEALTHY_GRACE_S",
    "AuthScheme",
    "BeforeSending",
    "CancellationOptions",
    "Clock",
    "CompressedClock",
    "DeploymentOptions",
    "Duration",
    "IfInProgress",
    "LoopClock",
    "ModelDeploymentOptions",
    "OnPaused",
    "PromotionOptions",
    "RetryPolicy",
    "Schedule",
    "Stage",
    "Transport",
    "WaitOptions",
]

#: Seconds that a wait may take by default.
DEFAULT_TIMEOUT_S = 3600.0
#: Default seconds for which a state may be from before the wait, or on its way to another.
SETTLING_TIME_S = 120.0
#: Default seconds for which an unhealthy deployment may recover.
UNHEALTHY_GRACE_S = 300.0
#: Looks per second of one client by default. In practice about eight loops that look once a second
#: hit limits of the organization, as the page of ``truss push`` says.
DEFAULT_POLLING_RATE = 5.0

#: The word before the key in the Authorization header.
AuthScheme: TypeAlias = Literal["Api-Key", "Bearer"]
#: The library that sends: ``aiohttp`` needs half of the CPU time, and ``aiobaseten[aiohttp]``.
Transport: TypeAlias = Literal["httpx", "aiohttp"]
#: What to do when a promotion to the environment is under way.
IfInProgress: TypeAlias = Literal["raise", "adopt", "wait", "send"]
#: When to look next: takes the stage, the seconds since the status last changed and the seconds
#: since the wait began, and returns seconds above 0.
Schedule: TypeAlias = Callable[[Stage, float, float], float]
#: Stores a token before a request is sent.
BeforeSending: TypeAlias = Callable[[str], Awaitable[object]]


@frozen(kw_only=True)
class RetryPolicy:
    """How a request is repeated when its failure may pass.

    Reads are repeated when no connection was made, when it was reset or timed out, and on 408, 425,
    429, 500, 502, 503, 504 and 520 to 530. Writes are repeated only where they certainly had no
    effect: no connection was made, or the status is 429.

    Attributes:
        attempts: How often a request is sent at most, including the first time.
        first_delay: Seconds or a `timedelta`: the first pause is a random part of this, each
            further one a random part of twice as much.
        max_delay: Seconds or a `timedelta`: the longest pause.
        total: Seconds or a `timedelta` from the first attempt after which no attempt starts.
        max_retry_after: Seconds or a `timedelta`: the longest pause that the server may ask for.
            If it asks for more, the error is raised instead.
        quota: Whether the calls of a client to one route share a quota of repetitions, which ends
            all of them soon in an outage. Without it, choose a long *max_delay*.

    Raises:
        ConfigurationError: A value is invalid.
    """

    attempts: int = 4
    first_delay: Duration = 0.5
    max_delay: Duration = 8.0
    total: Duration = 60.0
    max_retry_after: Duration = 60.0
    quota: bool = True

    def __attrs_post_init__(self) -> None:
        count("attempts", self.attempts)
        for name in ("first_delay", "max_delay", "total", "max_retry_after"):
            seconds(name, getattr(self, name))
        boolean("quota", self.quota)


class CancellationOptions(TypedDict, total=False):
    """Options of a wait for the end of a cancellation. `WaitOptions` says what each means."""

    timeout: Duration | None
    settling_time: Duration


class DeploymentOptions(CancellationOptions, total=False):
    """Options of a wait for a deployment. `WaitOptions` says what each means."""

    unhealthy_grace: Duration
    accept_scaled_to_zero: bool
    log_lines: int


class ModelDeploymentOptions(DeploymentOptions, total=False):
    """Options of a wait for a deployment of a model. `WaitOptions` says what each means."""

    wake: bool


class PromotionOptions(DeploymentOptions, total=False):
    """Options of a wait for a promotion. `WaitOptions` says what each means."""

    on_paused: OnPaused


@frozen(kw_only=True)
class WaitOptions:
    """Every option of every wait, with its default, checked.

    Library, command line and Airflow provider all take their options from here. Which wait takes
    which: `PromotionOptions`, `DeploymentOptions`, `ModelDeploymentOptions`, `CancellationOptions`.

    Attributes:
        timeout: Seconds or a `timedelta` to keep looking; ``None`` for no limit; ``0`` looks
            exactly once. The last look starts at the deadline and may take ten seconds. Stored as
            seconds, infinity for no limit.
        settling_time: Seconds or a `timedelta` for which looks may still show the state before a
            change, and a deployment that is scaled to zero may be on its way up. A promotion of
            which an environment shows no trace is called gone after a minute, whatever this is.
        unhealthy_grace: Seconds or a `timedelta` for which an UNHEALTHY deployment may recover.
        accept_scaled_to_zero: Whether a deployment that is deployed and scaled to zero counts as
            ready. It wakes with the next request, which then waits for it.
        wake: Whether to wake the deployment, once, when it is scaled to zero and not on its way up.
        on_paused: ``"wait"`` through a pause, or ``"raise"`` as soon as one is seen.
        log_lines: How many of the last lines of the log to add to the error's
            ``evidence.log_lines`` when the wait fails or times out, 0 to 1000. Of a chain, of each
            of up to five chainlets. That may take five seconds more.

    Raises:
        ConfigurationError: A value is invalid, or two exclude each other.
    """

    timeout: float = field(default=DEFAULT_TIMEOUT_S, converter=_arguments.timeout)
    settling_time: float = field(default=SETTLING_TIME_S, converter=_arguments.settling_time)
    unhealthy_grace: float = field(default=UNHEALTHY_GRACE_S, converter=_arguments.unhealthy_grace)
    accept_scaled_to_zero: bool = field(default=False, converter=_arguments.accept_scaled_to_zero)
    wake: bool = field(default=False, converter=_arguments.wake)
    on_paused: OnPaused = field(default="wait", converter=_arguments.on_paused)
    log_lines: int = field(default=0, converter=_arguments.log_lines)

    def __attrs_post_init__(self) -> None:
        if self.wake and self.accept_scaled_to_zero:
            raise ConfigurationError(
                "wake=True and accept_scaled_to_zero=True exclude each other: wake it, or leave it "
                "asleep"
            )


def wait_options(given: CancellationOptions, kind: type[CancellationOptions]) -> WaitOptions:
    """The options of a wait, checked.

    Args:
        given: The caller's.
        kind: Which options this wait takes.

    Raises:
        ConfigurationError: A value is invalid, or two exclude each other.
        TypeError: The wait does not take one of them.
    """
    known: frozenset[str] = getattr(kind, "__optional_keys__")  # noqa: B009 - typing has no name for it
    unknown = given.keys() - known
    if unknown:
        takes = ", ".join(sorted(known))
        raise TypeError(f"unexpected option {min(unknown)!r}; this wait takes {takes}")
    # Thousands of waits without options share one object.
    return WaitOptions(**given) if given else _DEFAULTS


_DEFAULTS = WaitOptions()
