"""What one look found, in the form in which waits read it."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from .._status import Phase, PromotionPhase, Stage, phase_of, promotion_phase_of, stage_of

#: Phases of a deployment that no patience helps.
HOPELESS = frozenset({Phase.FAILED, Phase.STOPPED})
_ORDER = tuple(Stage)
_OVER = frozenset({PromotionPhase.SUCCEEDED, PromotionPhase.FAILED, PromotionPhase.CANCELED})


@frozen(kw_only=True)
class Part:
    """A deployment or one of its chainlets. No two parts of a deployment have the same name."""

    id: str
    subject: str
    name: str
    status: str
    deployed: bool  # Baseten leaves the autoscaling settings out until it has finished deploying
    phase: Phase = field(init=False, repr=False, eq=False)  # what the status means
    key: tuple[str, str] = field(init=False, repr=False, eq=False)  # in the log of a wait

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "phase", phase_of(self.status))
        object.__setattr__(self, "key", (self.subject, self.name))


@frozen(kw_only=True)
class DeploymentReading:
    """A deployment: itself first, then its chainlets."""

    id: str
    parts: tuple[Part, ...]
    value: Any
    promoting: bool = False
    #: That of the part that is farthest from ready: the others have to wait for it.
    stage: Stage = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        slowest = min((stage_of(part.status) for part in self.parts), key=_ORDER.index)
        object.__setattr__(self, "stage", slowest)

    def parts_in(self, *phases: Phase) -> tuple[Part, ...]:
        """Those of its parts that are in one of the *phases*."""
        return tuple(part for part in self.parts if part.phase in phases)

    def suspects(self) -> tuple[Part, ...]:
        """The parts whose logs may tell why it is not ready: those that failed, if any did.

        A chain writes no log itself: its chainlets do.
        """
        candidates = self.parts[1:] or self.parts
        hopeless = tuple(part for part in candidates if part.phase in HOPELESS)
        unready = tuple(part for part in candidates if part.phase is not Phase.READY)
        return hopeless or unready or candidates

    @property
    def is_asleep(self) -> bool:
        """Whether any part of it is scaled to zero."""
        return bool(self.parts_in(Phase.ASLEEP))

    @property
    def is_hopeless(self) -> bool:
        """Whether any part of it has failed or was stopped."""
        return bool(self.parts_in(*HOPELESS))


@frozen(kw_only=True)
class PromotionReading:
    """An environment's promotion."""

    status: str
    percent: int
    message: str | None = None

    @property
    def phase(self) -> PromotionPhase:
        """What the status means."""
        return promotion_phase_of(self.status)

    @property
    def is_over(self) -> bool:
        """Whether it has ended, one way or another."""
        return self.phase in _OVER


@frozen(kw_only=True)
class EnvironmentReading:
    """An environment."""

    current: DeploymentReading | None
    candidate: DeploymentReading | None
    promotion: PromotionReading | None
    value: Any

    @property
    def current_id(self) -> str | None:
        """The id of the deployment that serves."""
        return self.current.id if self.current else None

    @property
    def candidate_id(self) -> str | None:
        """The id of the deployment that is being promoted."""
        return self.candidate.id if self.candidate else None

    @property
    def is_busy(self) -> bool:
        """Whether a promotion is under way: a failed candidate that lingers is none."""
        if self.promotion is not None:
            return not self.promotion.is_over
        return self.candidate is not None and not self.candidate.is_hopeless
