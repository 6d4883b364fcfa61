"""Settings in the body of a request: which it may have, of which types, within which bounds.

The library has the same bounds in its own module. They are not shared: the fake judges the library,
so each reads the documentation for itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from .._world import not_possible
from .json_writer import JSON
from .response import InvalidRequest

_AUTOSCALING: Final[Mapping[str, tuple[int, int | None]]] = {
    "min_replica": (0, None),
    "max_replica": (1, None),
    "autoscaling_window": (10, 3600),
    "scale_down_delay": (0, 3600),
    "concurrency_target": (1, None),
    "target_utilization_percentage": (1, 100),
    "target_in_flight_tokens": (0, None),
    "max_scale_down_rate": (1, 50),
}
_ROLLING: Final[Mapping[str, tuple[int, int | None]]] = {
    "max_surge_percent": (0, 50),
    "max_unavailable_percent": (0, 50),
    "stabilization_time_seconds": (0, 3600),
    "replica_overhead_percent": (0, 500),
}
# Keys, with the fake's option and the type of each.
_PROMOTION: Final[Mapping[str, tuple[str, type]]] = {
    "redeploy_on_promotion": ("redeploy_on_promotion", bool),
    "rolling_deploy": ("rolling", bool),
    "ramp_up_while_promoting": ("ramp_up", bool),
    "ramp_up_duration_seconds": ("ramp_up_seconds", int),
}


def read_settings(body: JSON) -> dict[str, Any]:
    """Changes of an environment's settings, by the names of the fake's options.

    A setting that is null does not change.

    Raises:
        InvalidRequest: A setting has a wrong type.
        Refused: A number is out of bounds.
    """
    changes: dict[str, Any] = {}
    scaling = _numbers(body, "autoscaling_settings", _AUTOSCALING, closed=True)
    if scaling:
        changes["autoscaling"] = scaling
    backpressure = _object(body, "request_backpressure_settings")
    if backpressure.keys() - {"policy"}:
        raise InvalidRequest("Extra inputs are not permitted.", "request_backpressure_settings")
    if "policy" in backpressure:
        changes["backpressure"] = read_policy(backpressure, "request_backpressure_settings")
    return {**changes, **read_promotion_settings(body, "promotion_settings")}


def read_promotion_settings(body: JSON, field: str) -> dict[str, Any]:
    """Changes of the settings of promotions, in a field of a body; as `read_settings`."""
    changes: dict[str, Any] = {}
    promotion = _object(body, field)
    for key, (option, kind) in _PROMOTION.items():
        value = _typed(promotion, key, kind)
        if value is not None:
            changes[option] = value
    cleanup = promotion.get("promotion_cleanup_strategy")
    if cleanup is not None:
        if cleanup not in ("KEEP", "SCALE_TO_ZERO", "DEACTIVATE"):
            where = (field, "promotion_cleanup_strategy")
            raise InvalidRequest("Input should be KEEP, SCALE_TO_ZERO or DEACTIVATE.", *where)
        changes["cleanup"] = cleanup
    strategy = _object(promotion, "rolling_deploy_config").get("rolling_deploy_strategy")
    if strategy not in (None, "REPLICA"):
        place = (field, "rolling_deploy_config", "rolling_deploy_strategy")
        raise InvalidRequest("Input should be REPLICA.", *place)
    rolling = _numbers(promotion, "rolling_deploy_config", _ROLLING)
    if rolling:
        changes["rolling_config"] = rolling
    return changes


def read_policy(given: JSON, *where: str) -> str | None:
    """What becomes of requests that find no free replica; *where* the object is in the body.

    Raises:
        InvalidRequest: There is no such policy.
    """
    policy = given.get("policy")
    if policy not in (None, "QUEUE_ON_FULL", "REJECT_ON_FULL"):
        raise InvalidRequest("Input should be QUEUE_ON_FULL or REJECT_ON_FULL.", *where, "policy")
    return cast("str | None", policy)


def read_chainlets(body: JSON, key: str, known: frozenset[str]) -> dict[str, Any]:
    """Changes of the settings of chainlets, by name.

    Args:
        body: The body.
        key: Its field with the list.
        known: The names of the chainlets that exist.

    Raises:
        InvalidRequest: A setting has a wrong type.
        Refused: There is no such chainlet, or a number is out of bounds.
    """
    listed = body.get(key)
    if listed is None:
        return {}
    if not isinstance(listed, list):
        raise InvalidRequest("Input should be a list.", key)
    chainlets: dict[str, Any] = {}
    for one in cast("list[object]", listed):
        fields = cast("JSON", one) if isinstance(one, dict) else {}
        name = fields.get("chainlet_name")
        if not isinstance(name, str):
            raise InvalidRequest("Field required.", key, "chainlet_name")
        if name not in known:
            raise not_possible(f"There is no chainlet {name}.")
        scaling = _numbers(fields, "autoscaling_settings", _AUTOSCALING, closed=True)
        its: dict[str, Any] = {"autoscaling": scaling} if scaling else {}
        instance_type = _typed(fields, "instance_type_id", str)
        if instance_type is not None:
            its["instance_type"] = instance_type
        chainlets[name] = its
    return chainlets


def _numbers(
    body: JSON, key: str, bounds: Mapping[str, tuple[int, int | None]], *, closed: bool = False
) -> dict[str, int]:
    given, found = _object(body, key), dict[str, int]()
    for name, value in given.items():
        if name not in bounds:
            if closed:
                raise InvalidRequest("Extra inputs are not permitted.", key, name)
            continue
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int):
            raise InvalidRequest("Input should be a whole number.", key, name)
        least, most = bounds[name]
        if value < least or (most is not None and value > most):
            raise not_possible(f"{name} is out of bounds: {value}.")
        found[name] = value
    return found


def _object(body: JSON, key: str) -> JSON:
    value = body.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidRequest("Input should be an object.", key)
    return cast("JSON", value)


def _typed(body: JSON, key: str, kind: type) -> Any:
    value = body.get(key)
    if value is None:
        return None
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise InvalidRequest(f"Input should be a {kind.__name__}.", key)
    return value
