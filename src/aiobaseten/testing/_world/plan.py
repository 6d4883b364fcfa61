"""Plans: timelines for a whole deployment, and a deployment's reactions to actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..timelines import Steps, Timeline
from . import status

Plan = Steps | Mapping[str, Steps]
"""One timeline for the whole deployment, or one timeline for each chainlet by its name."""

WAKE: Final[Steps] = ((status.WAKING_UP, 20.0), status.ACTIVE)
SHUT_DOWN: Final[Steps] = ((status.DEACTIVATING, 10.0), status.INACTIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reactions:
    """The plans of a deployment for when somebody acts on it; None is the default reaction."""

    on_promote: Plan | None = None
    on_activate: Plan | None = None
    on_retry: Plan | None = None
    on_wake: Plan | None = None

    def __post_init__(self) -> None:
        for plan in (self.on_promote, self.on_activate, self.on_retry, self.on_wake):
            if plan is not None:
                parse_plan(plan)


def parse_plan(plan: Plan) -> Timeline | dict[str, Timeline]:
    """The timeline or timelines of *plan*; raises ValueError for an impossible one."""
    if isinstance(plan, Mapping):
        if not plan:
            raise ValueError("a chain needs a chainlet: chainlets={'Main': 'ACTIVE'}")
        return {name: Timeline(steps) for name, steps in plan.items()}
    return Timeline(plan)
