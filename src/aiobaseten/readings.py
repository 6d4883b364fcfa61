"""Readings: what one look found, decoded from JSON. Pure.

A reading holds what a wait decides on: ids, statuses, traffic, the promotion's state and message.
Nothing else of the JSON is decoded until somebody asks for ``value``, so that a field that no wait
reads cannot disturb one. A field that a wait needs and that does not fit raises KeyError or
TypeError, which the sender turns into a `ResponseShapeError`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any, Self, cast

from attrs import field, fields, frozen

from ._status import (
    Phase,
    PromotionPhase,
    Stage,
    meaning_of,
    promotion_phase_of,
)
from .errors import LogLine

__all__ = ["DeploymentReading", "EnvironmentReading", "Part", "PromotionReading"]

#: Phases of a deployment that no waiting helps.
HOPELESS = frozenset({Phase.FAILED, Phase.STOPPED})
_ORDER = tuple(Stage)
_OVER = frozenset({PromotionPhase.SUCCEEDED, PromotionPhase.FAILED, PromotionPhase.CANCELED})

# Characters of a log line. Baseten appends tracebacks, whose end says most.
_LONGEST_LINE = 2000
_LINE_BEGINS = 500


def _nothing() -> Any:
    return None


@frozen(kw_only=True)
class Part:
    """A deployment or one of its chainlets. No two parts of a deployment have the same name.

    Attributes:
        id: Its id.
        subject: ``"deployment"`` or ``"chainlet"``.
        name: The chainlet's name, or the deployment's id.
        status: The status, as Baseten spells it.
        deployed: Whether Baseten has finished deploying it. Until then it shows no autoscaling
            settings.
        phase: What the status means to a wait for ACTIVE.
        stage: How far it is from being ready.
        may_be_old: Whether it may be the status before the deployment was activated or promoted.
        key: What tells it from the other parts.
    """

    id: str
    subject: str
    name: str
    status: str
    deployed: bool
    phase: Phase = field(init=False, repr=False, eq=False)
    stage: Stage = field(init=False, repr=False, eq=False)
    may_be_old: bool = field(init=False, repr=False, eq=False)
    key: tuple[str, str] = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        meaning = meaning_of(self.status)
        object.__setattr__(self, "phase", meaning.phase)
        object.__setattr__(self, "stage", meaning.stage)
        object.__setattr__(self, "may_be_old", meaning.may_be_old)
        object.__setattr__(self, "key", (self.subject, self.name))


@frozen
class _Built:
    """A value that was built before it was pickled."""

    value: Any

    def __call__(self) -> Any:
        return deepcopy(self.value)


class _Reading:
    """Immutable, so that a copy is the same object. A pickle holds the whole value."""

    __slots__ = ()

    @property
    def value(self) -> Any:
        raise NotImplementedError

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __getstate__(self) -> dict[str, Any]:
        state = {one.name: getattr(self, one.name) for one in fields(cast("Any", type(self)))}
        return {**state, "_build": _Built(self.value)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)


def builder_of(reading: Any) -> Callable[[], Any]:
    """Builds the ``value`` of a reading. A wait keeps this, not the reading."""
    build: Callable[[], Any] = reading._build  # noqa: SLF001 - of this module
    return build


@frozen(kw_only=True, getstate_setstate=False)
class DeploymentReading(_Reading):
    """A deployment: itself first, then its chainlets.

    Attributes:
        id: The deployment's id.
        parts: The deployment, then its chainlets.
        environment: The name of the environment that it is attached to, or ``None``.
        promoting: Whether a promotion is bringing it up.
    """

    id: str
    parts: tuple[Part, ...]
    environment: str | None = None
    promoting: bool = False
    _build: Callable[[], Any] = field(default=_nothing, alias="build", repr=False, eq=False)

    @property
    def value(self) -> Any:
        """The whole deployment, a new object each time."""
        return self._build()

    @property
    def stage(self) -> Stage:
        """That of the part that is furthest from ready, because the others wait for it."""
        return min((part.stage for part in self.parts), key=_ORDER.index)

    @property
    def status(self) -> str:
        """The deployment's own status, as Baseten spells it."""
        return self.parts[0].status

    @property
    def chainlets(self) -> tuple[Part, ...]:
        """Its chainlets; empty for a model."""
        return self.parts[1:]

    def parts_in(self, *phases: Phase) -> tuple[Part, ...]:
        """The parts that are in one of the *phases*."""
        return tuple(part for part in self.parts if part.phase in phases)

    def suspects(self) -> tuple[Part, ...]:
        """The parts whose logs may explain why it is not ready: those that failed, if any.

        A chain writes no log itself: its chainlets do.
        """
        candidates = self.chainlets or self.parts
        hopeless = tuple(part for part in candidates if part.phase in HOPELESS)
        unready = tuple(part for part in candidates if part.phase is not Phase.READY)
        return hopeless or unready or candidates

    @property
    def is_asleep(self) -> bool:
        """Whether any part is scaled to zero."""
        return bool(self.parts_in(Phase.ASLEEP))

    @property
    def is_hopeless(self) -> bool:
        """Whether any part has failed or was stopped."""
        return bool(self.parts_in(*HOPELESS))


@frozen(kw_only=True)
class PromotionReading:
    """An environment's promotion.

    Attributes:
        status: The status, as Baseten spells it.
        percent: The share of traffic on the candidate, 0 to 100.
        message: Baseten's error message, or ``None``.
    """

    status: str
    percent: int
    message: str | None = None

    @property
    def phase(self) -> PromotionPhase:
        """What the status means."""
        return promotion_phase_of(self.status)

    @property
    def is_over(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self.phase in _OVER


@frozen(kw_only=True, getstate_setstate=False)
class EnvironmentReading(_Reading):
    """An environment.

    Attributes:
        name: Its name; empty if the answer does not hold it.
        current: The deployment that serves, or ``None``.
        candidate: The deployment that is being promoted, or that failed and lingers, or ``None``.
        promotion: The promotion under way, or the last one if Baseten still shows it, or ``None``.
    """

    name: str = ""
    current: DeploymentReading | None
    candidate: DeploymentReading | None
    promotion: PromotionReading | None
    _build: Callable[[], Any] = field(default=_nothing, alias="build", repr=False, eq=False)

    @property
    def value(self) -> Any:
        """The whole environment, a new object each time."""
        return self._build()

    @property
    def current_id(self) -> str | None:
        """The id of the deployment that serves."""
        return self.current.id if self.current else None

    @property
    def candidate_id(self) -> str | None:
        """The id of the candidate."""
        return self.candidate.id if self.candidate else None

    @property
    def is_paused(self) -> bool:
        """Whether the promotion that is under way is paused. Then it does not end by itself."""
        return self.promotion is not None and self.promotion.phase is PromotionPhase.PAUSED

    @property
    def is_busy(self) -> bool:
        """Whether a promotion is under way.

        A candidate that lingers, because it failed or serves by now, is none.
        """
        if self.promotion is not None:
            return self.shows_promotion
        candidate = self.candidate
        return (
            candidate is not None and not candidate.is_hopeless and candidate.id != self.current_id
        )

    @property
    def shows_promotion(self) -> bool:
        """Whether a promotion is shown that has not ended. A candidate alone may be a leftover."""
        return self.promotion is not None and not self.promotion.is_over


# --- from JSON -----------------------------------------------------------------------------------


def read_deployment(
    data: object, build: Callable[[], Any], *, has_chainlets: bool, expected: str | None = None
) -> DeploymentReading:
    """A deployment.

    Args:
        data: Its JSON.
        build: Makes the whole deployment of it.
        has_chainlets: Whether it is a chain's.
        expected: The id that was asked for. A proxy may mix up answers.

    Raises:
        ValueError: It is another one.
    """
    fields = _object("the deployment", data)
    deployment_id = _text("id", fields["id"])
    _check_is("deployment", deployment_id, expected)
    chainlets = _read_chainlets(read_list("chainlets", fields)) if has_chainlets else ()
    own = Part(
        id=deployment_id,
        subject="deployment",
        name=deployment_id,
        status=_text("status", fields["status"]),
        deployed=all(part.deployed for part in chainlets) if has_chainlets else _deployed(fields),
    )
    environment = fields.get("environment")
    return DeploymentReading(
        id=deployment_id,
        parts=(own, *chainlets),
        environment=environment if isinstance(environment, str) else None,
        build=build,
    )


def _read_chainlets(data: Sequence[object]) -> tuple[Part, ...]:
    chainlets = [_object("a chainlet", one) for one in data]
    names = Counter(_name(chainlet) for chainlet in chainlets)
    return tuple(_read_chainlet(one, is_unique=names[_name(one)] == 1) for one in chainlets)


def _name(chainlet: Mapping[str, Any]) -> str:
    """A chainlet's name; of one without a name, its id."""
    name = chainlet.get("name")
    return name if isinstance(name, str) else str(chainlet.get("id", ""))


def _read_chainlet(fields: Mapping[str, Any], *, is_unique: bool) -> Part:
    chainlet_id, name = str(fields.get("id", "")), _name(fields)
    return Part(
        id=chainlet_id,
        subject="chainlet",
        # The API does not promise unique names, and two chainlets must not share a history.
        name=name if is_unique else f"{name} ({chainlet_id})",
        status=_text("status", fields["status"]),
        deployed=_deployed(fields),
    )


def read_environment(
    data: object, build: Callable[[], Any], *, has_chainlets: bool, expected: str | None = None
) -> EnvironmentReading:
    """An environment. A key that the API may leave out reads like null.

    Args:
        data: Its JSON.
        build: Makes the whole environment of it.
        has_chainlets: Whether it is a chain's.
        expected: The name that was asked for.

    Raises:
        ValueError: It is another one.
    """
    fields = _object("the environment", data)
    name = str(fields.get("name", ""))
    _check_is("environment", name, expected)
    return EnvironmentReading(
        name=name,
        current=_read_role(
            "current_deployment", fields["current_deployment"], build, has_chainlets
        ),
        candidate=_read_role(
            "candidate_deployment", fields.get("candidate_deployment"), build, has_chainlets
        ),
        promotion=_read_promotion(fields.get("in_progress_promotion")),
        build=build,
    )


def _check_is(what: str, found: str, expected: str | None) -> None:
    if expected is not None and found and found.casefold() != expected.casefold():
        raise ValueError(f"it is about {what} {found}, not {expected}")


def _read_role(
    role: str, data: object, build: Callable[[], Any], has_chainlets: bool
) -> DeploymentReading | None:
    if data is None:
        return None
    return read_deployment(data, lambda: getattr(build(), role), has_chainlets=has_chainlets)


def _read_promotion(data: object) -> PromotionReading | None:
    if data is None:
        return None
    fields = _object("in_progress_promotion", data)
    message = fields.get("error_message")
    return PromotionReading(
        status=_text("status", fields["status"]),
        percent=_number("percent_traffic_to_new_version", fields["percent_traffic_to_new_version"]),
        message=str(message) if message else None,
    )


def read_list(name: str, data: object) -> list[object]:
    """The list under a key of an answer."""
    listed = _object("the answer", data)[name]
    if not isinstance(listed, list):
        raise TypeError(f"{name} must be a list, not {type(listed).__name__}")
    return cast("list[object]", listed)


def read_log(lines: Sequence[Any], *, chainlet: str | None = None) -> tuple[LogLine, ...]:
    """The lines of a log, oldest first.

    Args:
        lines: As Baseten sends them, newest first.
        chainlet: The name of the chainlet that wrote them, or ``None`` for a model.
    """
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


def _deployed(fields: Mapping[str, Any]) -> bool:
    # Null until Baseten has finished deploying. A missing key says nothing.
    return fields.get("autoscaling_settings", True) is not None


def _object(name: str, data: object) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise TypeError(f"{name} must be an object, not {type(data).__name__}")
    return cast("dict[str, Any]", data)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, not {type(value).__name__}")
    return value


def _number(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number, not {type(value).__name__}")
    return int(value)
