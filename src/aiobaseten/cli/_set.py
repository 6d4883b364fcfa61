"""Settings of environments, as people write them: promotion_settings.rolling_deploy=true. Pure."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError
from collections.abc import Mapping, Sequence
from datetime import timedelta
from difflib import get_close_matches
from typing import Any, TypeAlias, cast

from ._checks import UsageError
from ._durations import parse_duration
from ._invocations import Kind

#: The names of a setting, from the outside in, and its value.
Setting: TypeAlias = tuple[Sequence[str], Any]

_GROUPS: Mapping[Kind, Sequence[str]] = {
    "model": ("autoscaling_settings", "promotion_settings", "request_backpressure_settings"),
    "chain": ("promotion_settings", "chainlet_settings"),
}


def parse_setting(text: str) -> Setting:
    """A setting, from ``promotion_settings.rolling_deploy=true``.

    Raises:
        ArgumentTypeError: It has no name or no value. The message does not repeat it.
    """
    name, equals, value = text.partition("=")
    names = name.split(".")
    if not equals or len(names) < 2 or not all(names):
        raise ArgumentTypeError(
            "write GROUP.SETTING=VALUE, as promotion_settings.rolling_deploy=true"
        )
    return names, _value(value)


def _value(text: str) -> Any:
    """JSON, or a duration such as 5m, or else text."""
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        # As a duration, so that no setting that is a number takes it.
        return timedelta(seconds=parse_duration(text))
    except ArgumentTypeError:
        return text


def arguments(kind: Kind, settings: Sequence[Setting], *, updates: bool) -> dict[str, Any]:
    """The arguments of ``create_environment`` or ``update`` with some settings.

    Args:
        kind: Of the chain or the model.
        settings: The settings.
        updates: Whether they are for ``update``.

    Raises:
        UsageError: There are no such settings, or they cannot be changed so.
    """
    nested: dict[str, Any] = {}
    for names, value in settings:
        place: dict[str, Any] = nested
        for name in names[:-1]:
            inner = place.setdefault(name, {})
            if not isinstance(inner, dict):
                raise UsageError("argument --set: a setting cannot hold another one")
            place = cast("dict[str, Any]", inner)
        place[names[-1]] = value
    groups = _GROUPS[kind]
    for group in nested:
        if group not in groups:
            close = get_close_matches(group, groups, n=1)
            hint = f"did you mean {close[0]}?" if close else f"a {kind} has {', '.join(groups)}"
            raise UsageError(f"argument --set: there are no such settings: {hint}")
    if updates and "chainlet_settings" in nested:
        nested["chainlet_autoscaling"] = _autoscaling(nested.pop("chainlet_settings"))
    return nested


def _autoscaling(chainlets: Mapping[str, Any]) -> dict[str, Any]:
    """The autoscaling of each chainlet, which is all that an update changes."""
    found: dict[str, Any] = {}
    for chainlet, settings in chainlets.items():
        if not isinstance(settings, dict) or settings.keys() != {"autoscaling_settings"}:
            raise UsageError(
                "argument --set: of a chainlet, only autoscaling_settings can be changed; another "
                "instance type is a promotion at Baseten"
            )
        found[chainlet] = settings["autoscaling_settings"]
    return found
