"""Guards: measure a promotion at every step, and take it back when it is worse.

.. code-block:: python

    guard = Guard(
        error_rate(at_most=0.02),
        latency("p95", at_most=1.5, worse_by_at_most=0.20),
        min_requests=100,
    )
    promotion = await production.promote("dep1", guard=guard)
    live = await promotion.wait(timeout=7200)

A guard never takes silence for health: without data, with too few requests, or with a check that
fails, nothing passes.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, Final, Literal, TypeAlias, cast, get_args

from attrs import field, fields, frozen

from . import _arguments
from ._arguments import Duration
from ._numbers import in_seconds
from ._verdict import GuardReport as GuardReport
from ._verdict import Outcome as Outcome
from ._verdict import Side as Side
from ._verdict import StepReport as StepReport
from ._verdict import Verdict as Verdict
from .errors import ConfigurationError

__all__ = [
    "Check",
    "Guard",
    "GuardReport",
    "GuardedStep",
    "Hold",
    "MetricCheck",
    "OnBreach",
    "OnUnavailable",
    "Outcome",
    "OwnCheck",
    "OwnFunction",
    "Quantile",
    "Side",
    "StepReport",
    "Verdict",
    "check",
    "error_rate",
    "latency",
]

#: What to do after a breach.
OnBreach: TypeAlias = Literal["cancel", "force_cancel", "pause", "report"]
#: What to do when a step cannot be measured.
OnUnavailable: TypeAlias = Literal["pause", "cancel", "proceed"]
#: Who holds a step until it has passed.
Hold: TypeAlias = Literal["stabilization", "pause"]
#: The part of the requests that a latency is about: ``"avg"`` is the mean.
Quantile: TypeAlias = Literal["p50", "p90", "p95", "p99", "avg"]

#: Seconds for which Baseten can hold a step at most.
LONGEST_HOLD_S: Final = 3600
#: Seconds between two measurements of a deployment. Baseten's metrics route refuses more.
MEASURE_EVERY_S: Final = 60.0
#: Seconds that a guard needs beside the measuring: looks come late, and a pause takes its time.
SPARE_S: Final = 90.0
# Seconds of hold with which a guard that pauses after each step sees the step in time.
_LEAST_HOLD_S = 60
_METRICS = ("error_rate", "latency")


@frozen(kw_only=True)
class GuardedStep:
    """What a check of yours is told.

    Attributes:
        kind: ``"model"`` or ``"chain"``.
        resource_id: The model's or chain's id.
        environment_name: The environment that is promoted to.
        deployment_id: The new deployment.
        previous_id: The deployment that served before, or ``None``.
        percent: The share of traffic on the new deployment. Of a chain, 0 before the promotion and
            100 after it.
    """

    kind: Literal["model", "chain"]
    resource_id: str
    environment_name: str
    deployment_id: str
    previous_id: str | None
    percent: int


#: A check of yours: takes the step, or nothing, and says True, False or a `Verdict`.
OwnFunction: TypeAlias = (
    Callable[[GuardedStep], Awaitable["bool | Verdict"]] | Callable[[], Awaitable["bool | Verdict"]]
)


def _bound(value: float | None) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigurationError(f"a bound must be a number, not {type(value).__name__}")
    if not math.isfinite(value) or value < 0:
        raise ConfigurationError(f"a bound must be zero or more, not {value}")
    return float(value)


@frozen(kw_only=True)
class MetricCheck:
    """A check of a metric of the new deployment. Made by `error_rate` and `latency`.

    Attributes:
        metric: ``"error_rate"`` or ``"latency"``.
        quantile: Which latency; ``None`` for the error rate.
        at_most: The absolute bound, or ``None``: a share of requests, or seconds.
        worse_by_at_most: The relative bound, or ``None``: 0.2 allows a value 20 % above that of the
            deployment that serves, in the same window.
    """

    metric: Literal["error_rate", "latency"]
    quantile: Quantile | None = None
    at_most: float | None = field(default=None, converter=_bound)
    worse_by_at_most: float | None = field(default=None, converter=_bound)

    def __attrs_post_init__(self) -> None:
        _arguments.choice("metric", self.metric, _METRICS)
        if self.metric == "latency":
            _arguments.choice("quantile", self.quantile or "", get_args(Quantile))
        elif self.quantile is not None:
            raise ConfigurationError("an error rate has no quantile")
        if self.at_most is None and self.worse_by_at_most is None:
            raise ConfigurationError(
                f"{self.name} has no bound, so it would always pass: give at_most, "
                "worse_by_at_most, or both"
            )
        if self.metric == "error_rate" and self.at_most is not None and self.at_most > 1:
            raise ConfigurationError(
                f"at_most of error_rate is a share from 0 to 1, not {self.at_most:g}: 2 % is 0.02"
            )

    @property
    def name(self) -> str:
        """``"error_rate"``, or the latency with its quantile, such as ``"latency p95"``."""
        return self.metric if self.quantile is None else f"{self.metric} {self.quantile}"


@frozen(kw_only=True)
class OwnCheck:
    """A check of yours. Made by `check`.

    Attributes:
        name: Its name in events and in the report.
        function: The coroutine function.
        timeout: Seconds for one call.
    """

    name: str
    function: OwnFunction = field(repr=False)
    timeout: float

    def __attrs_post_init__(self) -> None:
        _arguments.text("name", self.name)
        if not inspect.iscoroutinefunction(_called(self.function)):
            raise ConfigurationError(
                f"the check {self.name!r} must be a coroutine function (async def), not "
                f"{type(self.function).__name__}"
            )
        if self._most_arguments() is None:
            raise ConfigurationError(
                f"the check {self.name!r} must take one argument, the step, or none"
            )

    def __call__(self, step: GuardedStep) -> Awaitable[bool | Verdict]:
        """Call the function; it is told the step if it takes an argument."""
        if self._most_arguments() == 0:
            return cast("Callable[[], Awaitable[bool | Verdict]]", self.function)()
        return cast("Callable[[GuardedStep], Awaitable[bool | Verdict]]", self.function)(step)

    def _most_arguments(self) -> int | None:
        signature = inspect.signature(self.function)
        for arguments in (("step",), ()):
            try:
                signature.bind(*arguments)
            except TypeError:
                continue
            return len(arguments)
        return None


def _called(function: object) -> object:
    is_plain = inspect.isfunction(function) or inspect.ismethod(function)
    return function if is_plain else getattr(function, "__call__", function)  # noqa: B004


#: Every check of a guard.
Check: TypeAlias = MetricCheck | OwnCheck


def error_rate(
    *, at_most: float | None = None, worse_by_at_most: float | None = None
) -> MetricCheck:
    """The share of requests that the new deployment answers with 5xx.

    Args:
        at_most: The largest share that passes, 0 to 1. Exactly this share passes.
        worse_by_at_most: How much larger than the share of the deployment that serves it may be:
            with 0.2, a fifth.

    Raises:
        ConfigurationError: There is no bound, or one is invalid.
    """
    return MetricCheck(metric="error_rate", at_most=at_most, worse_by_at_most=worse_by_at_most)


def latency(
    quantile: Quantile,
    *,
    at_most: Duration | None = None,
    worse_by_at_most: float | None = None,
) -> MetricCheck:
    """The response time of the new deployment.

    It includes the time in the queue and cold starts, and leaves out the client's network.

    Args:
        quantile: ``"p50"``, ``"p90"``, ``"p95"``, ``"p99"``, or ``"avg"`` for the mean.
        at_most: Seconds or a `timedelta`: the longest time that passes. Exactly this time passes.
        worse_by_at_most: How much longer than that of the deployment that serves it may be: with
            0.2, a fifth.

    Raises:
        ConfigurationError: There is no bound, or one is invalid.
    """
    bound = None if at_most is None else _arguments.seconds("at_most", at_most)
    return MetricCheck(
        metric="latency", quantile=quantile, at_most=bound, worse_by_at_most=worse_by_at_most
    )


def check(name: str, function: OwnFunction, *, timeout: Duration = 60.0) -> OwnCheck:
    """A check of yours, such as an evaluation or a smoke test.

    It is called at every step, after the metrics were read. It says True (pass), False (breach) or
    a `Verdict`; anything else, an exception, or no answer in time, is unavailable.

    Args:
        name: Its name in events and in the report.
        function: A coroutine function that takes a `GuardedStep`, or nothing.
        timeout: Seconds or a `timedelta` after which a call is cancelled, and its answer does not
            count any longer.

    Raises:
        ConfigurationError: An argument is invalid.
    """
    limit = _positive("timeout", timeout)
    return OwnCheck(name=name, function=function, timeout=limit)


def _positive(name: str, value: Duration) -> float:
    found = _arguments.seconds(name, value)
    if found == 0:
        raise ConfigurationError(f"{name} must be more than zero seconds")
    return found


@frozen(init=False)
class Guard:
    """How a promotion is measured at every step, and what happens when it is worse.

    Attributes:
        checks: The checks. All must pass before the promotion goes on.
        window: Seconds of traffic that a measurement looks at.
        lag: Seconds by which Baseten's metrics are late: a window ends so long before now.
        warmup: Seconds after each change of traffic that are not measured.
        min_requests: Requests in a window below which nothing is decided. With 0, a window in which
            neither deployment had a request passes.
        breaches: Breaches after which *on_breach* happens; only a pass starts the count anew.
        unavailable: Measurements in a row without an answer after which *on_unavailable* happens.
        on_breach: ``"cancel"`` gives the traffic back step by step, ``"force_cancel"`` at once,
            ``"pause"`` stops where it is, ``"report"`` does nothing: a dry run.
        on_unavailable: ``"pause"``, ``"cancel"``, or ``"proceed"``, which takes silence for a pass.
        hold: ``"stabilization"``: Baseten holds each step, and goes on by itself if this process
            dies. ``"pause"``: the guard pauses after each step and resumes after a pass; if this
            process dies, the promotion stands still.
        bake: Seconds to go on measuring at 100 %. After a breach, the previous deployment is
            promoted again. At least one measurement is made.
        cancel_timeout: Seconds for the traffic to come back, after the wait's own time. ``None``
            means 900 and the time for which Baseten holds a step, for each step of the way back.

    Raises:
        ConfigurationError: A value is invalid, or the guard could never work.
    """

    checks: tuple[Check, ...]
    window: float
    lag: float
    warmup: float
    min_requests: int
    breaches: int
    unavailable: int
    on_breach: OnBreach
    on_unavailable: OnUnavailable
    hold: Hold
    bake: float
    cancel_timeout: float | None

    def __init__(
        self,
        *checks: Check,
        window: Duration = 300.0,
        lag: Duration = 180.0,
        warmup: Duration = 60.0,
        min_requests: int = 100,
        breaches: int = 1,
        unavailable: int = 3,
        on_breach: OnBreach = "cancel",
        on_unavailable: OnUnavailable = "pause",
        hold: Hold = "stabilization",
        bake: Duration = 0.0,
        cancel_timeout: Duration | None = None,
    ) -> None:
        settings: dict[str, object] = {
            "checks": _checks(checks),
            "window": _positive("window", window),
            "lag": _arguments.seconds("lag", lag),
            "warmup": _arguments.seconds("warmup", warmup),
            "min_requests": _arguments.count("min_requests", min_requests, least=0),
            "breaches": _arguments.count("breaches", breaches),
            "unavailable": _arguments.count("unavailable", unavailable),
            "on_breach": _arguments.choice("on_breach", on_breach, get_args(OnBreach)),
            "on_unavailable": _arguments.choice(
                "on_unavailable", on_unavailable, get_args(OnUnavailable)
            ),
            "hold": _arguments.choice("hold", hold, get_args(Hold)),
            "bake": _arguments.seconds("bake", bake),
            "cancel_timeout": None
            if cancel_timeout is None
            else _positive("cancel_timeout", cancel_timeout),
        }
        for name, value in settings.items():
            object.__setattr__(self, name, value)
        self._check_it_can_work()

    def _check_it_can_work(self) -> None:
        needed = self.least_hold
        if self.hold == "stabilization" and needed > LONGEST_HOLD_S:
            raise ConfigurationError(
                f"this guard needs {in_seconds(needed)} for each step (warmup, window, lag, the "
                f"longest check, and {SPARE_S:g} s), and Baseten holds a step for "
                f"{LONGEST_HOLD_S} s at most: shorten warmup=, window=, lag= or the timeout= of a "
                'check, or pass hold="pause"'
            )
        if self.on_breach == "report" and self.hold == "pause":
            raise ConfigurationError(
                'on_breach="report" never acts, and hold="pause" pauses after each step: choose one'
            )
        relative = [one.name for one in self.metric_checks if one.at_most is None]
        if self.bake and relative:
            raise ConfigurationError(
                f"{relative[0]} has no bound of its own, and during the bake, at 100 % of traffic, "
                "there is no other deployment to compare with: give it at_most=, or leave out bake="
            )

    @property
    def metric_checks(self) -> tuple[MetricCheck, ...]:
        """The checks that read Baseten's metrics."""
        return tuple(one for one in self.checks if isinstance(one, MetricCheck))

    @property
    def own_checks(self) -> tuple[OwnCheck, ...]:
        """The checks of yours."""
        return tuple(one for one in self.checks if isinstance(one, OwnCheck))

    @property
    def checks_timeout(self) -> float:
        """Seconds that the checks of yours take at most; they run at the same time."""
        return max((one.timeout for one in self.own_checks), default=0.0)

    @property
    def measured_after(self) -> float:
        """Seconds after a change of traffic at which the step can be measured first."""
        return self.warmup + (self.window + self.lag if self.metric_checks else 0.0)

    @property
    def least_hold(self) -> float:
        """Seconds for which a step must be held, so that it can be measured and stopped."""
        return self.measured_after + self.checks_timeout + SPARE_S

    @property
    def least_wait(self) -> float:
        """Seconds that a whole promotion takes at least, for one measurement or for the bake.

        With steps it takes longer: a plan shows the time for all steps of the environment.
        """
        return max(self.measured_after, self.bake)

    @property
    def stabilization(self) -> int:
        """The ``stabilization_time_seconds`` that is sent with the promotion, for it alone."""
        if self.hold == "pause":
            return _LEAST_HOLD_S
        return math.ceil(self.least_hold)

    def to_dict(self) -> dict[str, Any]:
        """The guard as JSON, for `from_dict`.

        Raises:
            ConfigurationError: A check of yours has no dotted path, as a lambda or a function
                inside another one.
        """
        settings = {
            one.name: getattr(self, one.name) for one in fields(Guard) if one.name != "checks"
        }
        return {"checks": [_check_to_dict(one) for one in self.checks], **settings}

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Guard:
        """The guard that `to_dict` wrote, or that a person wrote in the same form.

        ``checks`` is a list: of metrics ``{"metric": "error_rate", "at_most": 0.02}`` or
        ``{"metric": "latency", "quantile": "p95", "at_most": 1.5, "worse_by_at_most": 0.2}``, and
        of checks of yours ``{"check": "evals", "function": "package.module.run_evals", "timeout":
        120}``, whose module is imported. All other keys are the arguments of `Guard`.

        Raises:
            ConfigurationError: A key or a value is wrong, or a function cannot be imported.
        """
        if not isinstance(given, Mapping):
            raise ConfigurationError(f"a guard is an object, not {type(given).__name__}")
        settings = dict(given)
        listed = settings.pop("checks", None)
        if not isinstance(listed, Sequence) or isinstance(listed, str | bytes):
            raise ConfigurationError("checks of a guard must be a list of objects")
        known = [one.name for one in fields(cls) if one.name != "checks"]
        _only("a guard", settings, known)
        checks = [_check_from_dict(one) for one in cast("Sequence[object]", listed)]
        return cls(*checks, **settings)


def _checks(given: tuple[object, ...]) -> tuple[Check, ...]:
    if not given:
        raise ConfigurationError(
            "a guard without checks would take silence for health: give it at least one, such as "
            "error_rate(at_most=0.02)"
        )
    checks: list[Check] = []
    for one in given:
        if not isinstance(one, MetricCheck | OwnCheck):
            raise ConfigurationError(
                "checks of a guard are made by error_rate, latency and check, not of "
                f"{type(one).__name__}"
            )
        if one.name in {other.name for other in checks}:
            raise ConfigurationError(f"two checks are named {one.name!r}: give each another name")
        checks.append(one)
    return tuple(checks)


def _only(what: str, given: Mapping[str, Any], known: Sequence[str]) -> None:
    unknown = given.keys() - set(known)
    if unknown:
        names = ", ".join(sorted(known))
        raise ConfigurationError(f"{what} has no {min(map(str, unknown))!r}; it has {names}")


def _check_to_dict(one: Check) -> dict[str, Any]:
    if isinstance(one, MetricCheck):
        values = {a.name: getattr(one, a.name) for a in fields(MetricCheck)}
        return {name: value for name, value in values.items() if value is not None}
    path = _dotted(one.function)
    if path is None:
        raise ConfigurationError(
            f"the check {one.name!r} is no function at the top of a module, so that no other "
            "process can find it"
        )
    return {"check": one.name, "function": path, "timeout": one.timeout}


def _dotted(function: object) -> str | None:
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or "." in name or "<" in name:
        return None
    return f"{module}.{name}"


def _check_from_dict(given: object) -> Check:
    if not isinstance(given, Mapping):
        raise ConfigurationError(f"a check of a guard is an object, not {type(given).__name__}")
    its = dict(cast("Mapping[str, Any]", given))
    if "metric" in its:
        _only("a check of a metric", its, [one.name for one in fields(MetricCheck)])
        return MetricCheck(**its)
    if "check" not in its or "function" not in its:
        raise ConfigurationError(
            'a check of a guard has "metric", or "check" with "function": the dotted path of a '
            "coroutine function"
        )
    _only("a check of yours", its, ["check", "function", "timeout"])
    limit = {"timeout": its["timeout"]} if "timeout" in its else {}
    return check(its["check"], _found(its["function"]), **limit)


def _found(path: object) -> OwnFunction:
    module, _, name = path.rpartition(".") if isinstance(path, str) else ("", "", "")
    if not module or not all(part.isidentifier() for part in (*module.split("."), name)):
        raise ConfigurationError(
            f"function must be a dotted path, such as package.module.run_evals, not {path!r}"
        )
    try:
        return cast("OwnFunction", getattr(import_module(module), name))
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"function {path!r} cannot be imported: {error}") from error
