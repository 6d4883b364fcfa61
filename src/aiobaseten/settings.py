"""Settings of environments: which may be sent, within which bounds, and how two states differ.

The dictionaries here are what ``create_environment``, ``ensure_environment`` and ``update`` take.
Only the keys that they hold are sent, and only these settings change. Everything is checked before
anything is sent: unknown keys, types, and the bounds that Baseten documents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Generic, Literal, TypeAlias, TypedDict, TypeVar, cast

from attrs import frozen

from ._arguments import Duration, boolean, choice, count, seconds, text
from .errors import ConfigurationError

__all__ = [
    "AutoscalingSettingsDict",
    "BackpressurePolicy",
    "ChainPromotionSettingsDict",
    "ChainletSettingsDict",
    "CleanupStrategy",
    "Difference",
    "EnsuredEnvironment",
    "ModelPromotionSettingsDict",
    "RequestBackpressureSettingsDict",
    "RollingDeployConfigDict",
    "autoscaling_of_chainlets",
    "chain_settings",
    "model_settings",
]

E = TypeVar("E")

#: What happens to the deployment that a promotion replaces.
CleanupStrategy: TypeAlias = Literal["KEEP", "SCALE_TO_ZERO", "DEACTIVATE"]
#: What becomes of requests that find no free replica: they wait, or are refused.
BackpressurePolicy: TypeAlias = Literal["QUEUE_ON_FULL", "REJECT_ON_FULL"]


class AutoscalingSettingsDict(TypedDict, total=False):
    """How many replicas run.

    Attributes:
        min_replica: Least number of replicas, from 0 (Baseten's default: 0).
        max_replica: Largest number of replicas, from 1 (Baseten's default: 1).
        autoscaling_window: Whole seconds or a `timedelta`, 10 s to 1 h: the traffic that a decision
            looks at (Baseten's default: 60).
        scale_down_delay: Whole seconds or a `timedelta`, up to 1 h: how long to wait before a
            replica is removed (Baseten's default: 900).
        concurrency_target: Requests for each replica before another one is added, from 1 (Baseten's
            default: 1).
        target_utilization_percentage: Percent of that target at which one is added, 1 to 100
            (Baseten's default: 70).
        target_in_flight_tokens: Tokens in flight that decisions aim at. Early access.
        max_scale_down_rate: Percent of the replicas that may be removed in one window, 1 to 50
            (Baseten's default: 50).
    """

    min_replica: int
    max_replica: int
    autoscaling_window: Duration
    scale_down_delay: Duration
    concurrency_target: int
    target_utilization_percentage: int
    target_in_flight_tokens: int
    max_scale_down_rate: int


class RollingDeployConfigDict(TypedDict, total=False):
    """The steps of a rolling promotion. One of the first two is above 0, and the other is 0.

    Attributes:
        max_surge_percent: Extra replicas for each step, 0 to 50 (Baseten's default: 25).
        max_unavailable_percent: Replicas that may be missing in each step, 0 to 50 (Baseten's
            default: 0).
        stabilization_time_seconds: Whole seconds or a `timedelta`, up to 1 h, to wait after each
            step (Baseten's default: 0).
        replica_overhead_percent: Replicas added to the previous deployment before the first step,
            0 to 500 (Baseten's default: 0).
    """

    max_surge_percent: int
    max_unavailable_percent: int
    stabilization_time_seconds: Duration
    replica_overhead_percent: int


class ModelPromotionSettingsDict(TypedDict, total=False):
    """How promotions to an environment of a model go.

    Attributes:
        redeploy_on_promotion: Whether a promotion always makes a new deployment.
        promotion_cleanup_strategy: What happens to the previous deployment afterwards:
            ``"SCALE_TO_ZERO"`` (Baseten's default), ``"KEEP"`` or ``"DEACTIVATE"``.
        rolling_deploy: Whether traffic moves step by step.
        rolling_deploy_config: The steps.
    """

    redeploy_on_promotion: bool
    promotion_cleanup_strategy: CleanupStrategy
    rolling_deploy: bool
    rolling_deploy_config: RollingDeployConfigDict


class ChainPromotionSettingsDict(TypedDict, total=False):
    """How promotions to an environment of a chain go.

    Attributes:
        redeploy_on_promotion: Whether a promotion always makes a new deployment.
        promotion_cleanup_strategy: What happens to the previous deployment afterwards:
            ``"SCALE_TO_ZERO"`` (Baseten's default), ``"KEEP"`` or ``"DEACTIVATE"``.
        ramp_up_while_promoting: Whether the share of traffic grows in ten equal stages.
        ramp_up_duration_seconds: Whole seconds or a `timedelta` that those take together (Baseten's
            default: 600).
    """

    redeploy_on_promotion: bool
    promotion_cleanup_strategy: CleanupStrategy
    ramp_up_while_promoting: bool
    ramp_up_duration_seconds: Duration


class RequestBackpressureSettingsDict(TypedDict):
    """What becomes of requests that find no free replica.

    Attributes:
        policy: ``"QUEUE_ON_FULL"`` or ``"REJECT_ON_FULL"``; ``None`` for no policy.
    """

    policy: BackpressurePolicy | None


class ChainletSettingsDict(TypedDict, total=False):
    """The settings of one chainlet in a new environment.

    Attributes:
        autoscaling_settings: How many replicas run.
        instance_type_id: The instance type that it runs on (Baseten's default: ``"1x2"``).
    """

    autoscaling_settings: AutoscalingSettingsDict
    instance_type_id: str


@frozen(kw_only=True)
class Difference:
    """A setting that is not as wanted.

    Attributes:
        setting: Which, such as ``"autoscaling_settings.min_replica"``.
        wanted: The value that was asked for.
        found: The value that the environment has; ``None`` if it shows none.
    """

    setting: str
    wanted: Any
    found: Any

    def __str__(self) -> str:
        return f"{self.setting} is {self.found!r}, wanted {self.wanted!r}"


@frozen(kw_only=True)
class EnsuredEnvironment(Generic[E]):
    """An environment that exists now.

    Attributes:
        environment: The environment, as Baseten shows it.
        created: Whether this call created it. If the answer to its request was lost, this is false
            although the request may have created it.
        differences: The settings in which one that existed differs from the wanted ones. Nothing
            was changed: ``update`` does that.
    """

    environment: E
    created: bool
    differences: tuple[Difference, ...]


# --- checks --------------------------------------------------------------------------------------

Check: TypeAlias = Callable[[str, Any], Any]


def _whole(least: int, most: int | None = None) -> Check:
    return lambda name, value: count(name, value, least=least, most=most)


def _whole_seconds(least: int, most: int | None = None) -> Check:
    def check(name: str, value: Duration) -> int:
        given = seconds(name, value)
        if not given.is_integer():
            raise ConfigurationError(f"{name} must be whole seconds, not {given:g}")
        return count(name, int(given), least=least, most=most)

    return check


def _one_of(*choices: str) -> Check:
    return lambda name, value: choice(name, value, choices)


def _one_of_or_none(*choices: str) -> Check:
    return lambda name, value: None if value is None else choice(name, value, choices)


def _rolling(name: str, value: Any) -> dict[str, Any]:
    checked = _checked(name, value, _ROLLING)
    surge, missing = (checked.get(f"max_{one}_percent") for one in ("surge", "unavailable"))
    if surge is not None and missing is not None and bool(surge) == bool(missing):
        raise ConfigurationError(
            f"{name}: one of max_surge_percent and max_unavailable_percent must be 0, and the "
            f"other above 0, not {surge} and {missing}"
        )
    return checked


def _autoscaling(name: str, value: Any) -> dict[str, Any]:
    checked = _checked(name, value, _AUTOSCALING)
    least, most = checked.get("min_replica"), checked.get("max_replica")
    if least is not None and most is not None and least > most:
        raise ConfigurationError(
            f"{name}: min_replica must not be above max_replica, but {least} is above {most}"
        )
    return checked


_AUTOSCALING: Mapping[str, Check] = {
    "min_replica": _whole(0),
    "max_replica": _whole(1),
    "autoscaling_window": _whole_seconds(10, 3600),
    "scale_down_delay": _whole_seconds(0, 3600),
    "concurrency_target": _whole(1),
    "target_utilization_percentage": _whole(1, 100),
    "target_in_flight_tokens": _whole(0),
    "max_scale_down_rate": _whole(1, 50),
}
_ROLLING: Mapping[str, Check] = {
    "max_surge_percent": _whole(0, 50),
    "max_unavailable_percent": _whole(0, 50),
    "stabilization_time_seconds": _whole_seconds(0, 3600),
    "replica_overhead_percent": _whole(0, 500),
}
_PROMOTION: Mapping[str, Check] = {
    "redeploy_on_promotion": boolean,
    "promotion_cleanup_strategy": _one_of("KEEP", "SCALE_TO_ZERO", "DEACTIVATE"),
}
_MODEL_PROMOTION: Mapping[str, Check] = {
    **_PROMOTION,
    "rolling_deploy": boolean,
    "rolling_deploy_config": _rolling,
}
_CHAIN_PROMOTION: Mapping[str, Check] = {
    **_PROMOTION,
    "ramp_up_while_promoting": boolean,
    "ramp_up_duration_seconds": _whole_seconds(0),
}
_BACKPRESSURE: Mapping[str, Check] = {"policy": _one_of_or_none("QUEUE_ON_FULL", "REJECT_ON_FULL")}
_CHAINLET: Mapping[str, Check] = {"autoscaling_settings": _autoscaling, "instance_type_id": text}


def _checked(name: str, given: object, checks: Mapping[str, Check]) -> dict[str, Any]:
    """The settings in *given*, each checked."""
    checked: dict[str, Any] = {}
    for key, value in _entries(name, given):
        if key not in checks:
            close = get_close_matches(key, checks, n=1)
            advice = f": did you mean {close[0]!r}?" if close else f", but {', '.join(checks)}"
            raise ConfigurationError(f"{name} has no setting {key!r}{advice}")
        checked[key] = checks[key](f"{name}[{key!r}]", value)
    return checked


def _entries(name: str, given: object) -> Iterator[tuple[str, Any]]:
    if not isinstance(given, Mapping):
        raise ConfigurationError(f"{name} must be a dictionary, not {type(given).__name__}")
    for key, value in cast("Mapping[object, Any]", given).items():
        if not isinstance(key, str):
            raise ConfigurationError(f"{name} must have strings as keys, not {key!r}")
        yield key, value


def model_settings(
    autoscaling_settings: AutoscalingSettingsDict | None,
    promotion_settings: ModelPromotionSettingsDict | None,
    request_backpressure_settings: RequestBackpressureSettingsDict | None = None,
) -> dict[str, Any]:
    """Settings of an environment of a model as JSON, checked. ``None`` is left out.

    Raises:
        ConfigurationError: A setting is unknown or invalid.
    """
    wanted: dict[str, Any] = {}
    if autoscaling_settings is not None:
        name = "autoscaling_settings"
        wanted[name] = _autoscaling(name, autoscaling_settings)
    if promotion_settings is not None:
        name = "promotion_settings"
        wanted[name] = _checked(name, promotion_settings, _MODEL_PROMOTION)
    if request_backpressure_settings is not None:
        name = "request_backpressure_settings"
        wanted[name] = _checked(name, request_backpressure_settings, _BACKPRESSURE)
    return wanted


def backpressure_settings(policy: BackpressurePolicy | None) -> dict[str, Any]:
    """The policy as JSON, checked. Unlike elsewhere, ``None`` is sent: it means no policy.

    Raises:
        ConfigurationError: There is no such policy.
    """
    return _checked("request_backpressure_settings", {"policy": policy}, _BACKPRESSURE)


def chain_settings(
    promotion_settings: ChainPromotionSettingsDict | None,
    chainlet_settings: Mapping[str, ChainletSettingsDict] | None,
) -> dict[str, Any]:
    """Settings of an environment of a chain as JSON, checked. ``None`` is left out.

    Those of chainlets are by name here, and a list in a request.

    Raises:
        ConfigurationError: A setting is unknown or invalid.
    """
    wanted: dict[str, Any] = {}
    if promotion_settings is not None:
        name = "promotion_settings"
        wanted[name] = _checked(name, promotion_settings, _CHAIN_PROMOTION)
    if chainlet_settings is not None:
        name = "chainlet_settings"
        wanted[name] = {
            chainlet: _checked(f"{name}[{chainlet!r}]", settings, _CHAINLET)
            for chainlet, settings in _entries(name, chainlet_settings)
        }
    return wanted


def autoscaling_of_chainlets(
    given: Mapping[str, AutoscalingSettingsDict] | None,
) -> Mapping[str, ChainletSettingsDict] | None:
    """The autoscaling of chainlets as settings of chainlets.

    Raises:
        ConfigurationError: It is not a dictionary.
    """
    if given is None:
        return None
    entries = _entries("chainlet_autoscaling", given)
    return {name: {"autoscaling_settings": settings} for name, settings in entries}


def chainlets_as_list(chainlets: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Settings of chainlets as a request has them."""
    return [{"chainlet_name": name, **settings} for name, settings in chainlets.items()]


def instance_types(given: Mapping[str, str]) -> Mapping[str, str]:
    """The instance types of chainlets, checked.

    Raises:
        ConfigurationError: It is not a dictionary of texts, or an empty one.
    """
    name = "instance_types"
    checked = {key: text(f"{name}[{key!r}]", value) for key, value in _entries(name, given)}
    at_least_one(checked)
    return checked


def at_least_one(wanted: Mapping[str, Any]) -> None:
    """Check that there is a setting to change.

    Raises:
        ConfigurationError: There is none.
    """
    if not any(wanted.values()):
        raise ConfigurationError("give at least one setting to change")


# --- differences ---------------------------------------------------------------------------------


def differences(
    wanted: Mapping[str, Any], environment: Mapping[str, Any]
) -> tuple[Difference, ...]:
    """The settings in which an environment is not as wanted. Others of its settings do not count.

    Args:
        wanted: From `model_settings` or `chain_settings`.
        environment: The environment as JSON.
    """
    return tuple(_differences("", wanted, _by_chainlet(environment)))


def _differences(prefix: str, wanted: Mapping[str, Any], found: Any) -> Iterator[Difference]:
    has = cast("dict[str, Any]", found) if isinstance(found, dict) else dict[str, Any]()
    for key, value in wanted.items():
        setting, its = f"{prefix}{key}", has.get(key)
        if isinstance(value, Mapping):
            yield from _differences(f"{setting}.", cast("Mapping[str, Any]", value), its)
        elif its != value:
            yield Difference(setting=setting, wanted=value, found=its)


def _by_chainlet(environment: Mapping[str, Any]) -> Mapping[str, Any]:
    """The environment with the settings of its chainlets by name, as `chain_settings` has them."""
    listed = environment.get("chainlet_settings")
    if not isinstance(listed, list):
        return environment
    chainlets: dict[str, Any] = {}
    for one in cast("list[object]", listed):
        fields = cast("dict[str, Any]", one) if isinstance(one, dict) else {}
        kind = fields.get("instance_type")
        type_id = cast("dict[str, Any]", kind).get("id") if isinstance(kind, dict) else None
        chainlets[str(fields.get("chainlet_name"))] = {**fields, "instance_type_id": type_id}
    return {**environment, "chainlet_settings": chainlets}
