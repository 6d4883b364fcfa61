"""From what the API answers to what waits read. No I/O.

The generated code takes any scalar for any other; what waits lean on is checked here, and raises
TypeError, which the border makes a `ResponseShapeError`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from ._waits import DeploymentReading, EnvironmentReading, Part, PromotionReading
from .errors import LogLine
from .schemas import ChainDeployment, ChainEnvironment, Deployment, Environment, Log

# Characters of a line of a log. Baseten appends tracebacks, and most of those is said at their end.
_LONGEST_LINE = 2000
_LINE_BEGINS = 500


def read_deployment(
    deployment: Deployment | ChainDeployment, *, promoting: bool = False
) -> DeploymentReading:
    """A deployment: itself first, then its chainlets."""
    chainlets = _read_chainlets(deployment) if isinstance(deployment, ChainDeployment) else ()
    own = Part(
        id=deployment.id,
        subject="deployment",
        name=deployment.id,
        status=str(deployment.status),
        deployed=deployment.autoscaling_settings is not None
        if isinstance(deployment, Deployment)
        else all(part.deployed for part in chainlets),
    )
    return DeploymentReading(
        id=_text("id", deployment.id),
        parts=(own, *chainlets),
        value=deployment,
        promoting=promoting,
    )


def _read_chainlets(deployment: ChainDeployment) -> tuple[Part, ...]:
    names = Counter(_text("name", chainlet.name) for chainlet in deployment.chainlets)
    return tuple(
        Part(
            id=chainlet.id,
            subject="chainlet",
            # Nothing says that names differ, and two chainlets must not share a history.
            name=chainlet.name if names[chainlet.name] == 1 else f"{chainlet.name} ({chainlet.id})",
            status=str(chainlet.status),
            deployed=chainlet.autoscaling_settings is not None,
        )
        for chainlet in deployment.chainlets
    )


def read_environment(environment: Environment | ChainEnvironment) -> EnvironmentReading:
    """An environment. What the API may leave out reads like what it says is not there."""
    current = environment.current_deployment
    candidate = environment.candidate_deployment or None
    promotion = environment.in_progress_promotion or None
    return EnvironmentReading(
        current=read_deployment(current) if current else None,
        candidate=read_deployment(candidate) if candidate else None,
        promotion=PromotionReading(
            status=str(promotion.status),
            percent=_number("percent", promotion.percent_traffic_to_new_version),
            message=str(promotion.error_message) if promotion.error_message else None,
        )
        if promotion
        else None,
        value=environment,
    )


def read_log(lines: Sequence[Log], *, chainlet: str | None = None) -> tuple[LogLine, ...]:
    """A log whose newest line comes first: its lines, the oldest first."""
    return tuple(
        LogLine(
            chainlet=chainlet,
            at=_time_of_day(line.timestamp),
            message=_cut(_text("message", line.message)),
        )
        for line in reversed(lines)
    )


def _cut(line: str) -> str:
    if len(line) <= _LONGEST_LINE:
        return line
    gap = " … "
    return line[:_LINE_BEGINS] + gap + line[_LINE_BEGINS + len(gap) - _LONGEST_LINE :]


def _time_of_day(nanoseconds: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(str(nanoseconds)) / 1e9, UTC)
    except (ValueError, OverflowError, OSError):
        return None  # no reason to lose the line


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, not {type(value).__name__}")
    return value


def _number(name: str, value: object) -> int:
    if not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number, not {type(value).__name__}")
    return int(value)
