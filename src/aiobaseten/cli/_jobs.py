"""The subject of a command, and its ending: the data that every view shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias

from attrs import frozen

from .. import Cancellation, ChainPromotion, EnvironmentReading, ModelPromotion, Token
from ..audit import Release
from ..errors import BasetenError, LogLine
from ..guard import GuardReport
from ..metrics import Metrics
from ..plans import Plan
from ._invocations import (
    ROLLBACK_ON_FAILURE,
    Command,
    EnvironmentRef,
    Promote,
    ResourceRef,
    WaitForToken,
)
from ._outcomes import Outcome

Task: TypeAlias = Literal["promotion", "cancellation", "deployment", "environment", "resource"]


@frozen(kw_only=True)
class Job:
    """The subject of a command.

    Attributes:
        task: The kind of subject.
        resource: The chain or the model.
        environment: The name of the environment, if there is one.
        deployment: The id of the deployment, if there is one and it is known.
        token: The token that continues it, if there is one.
        previous: The id of the deployment that served before, if it is known.
        guard_words: The flags with which a promotion goes on, such as those of its guard.
    """

    task: Task
    resource: ResourceRef
    environment: str | None = None
    deployment: str | None = None
    token: str | None = None
    previous: str | None = None
    guard_words: Sequence[str] = ()

    @property
    def place(self) -> EnvironmentRef | ResourceRef:
        """The environment, or else the resource."""
        if self.environment is None:
            return self.resource
        return EnvironmentRef(self.resource, self.environment)

    @property
    def was_adopted(self) -> bool:
        """Whether it had started before the command, which has sent nothing."""
        return self.token is not None and Token.load(self.token).was_adopted

    def __str__(self) -> str:
        if self.task == "cancellation":
            return f"the cancellation of the promotion to {self.place}"
        if self.task == "promotion":
            return f"the promotion of deployment {self.deployment} to {self.place}"
        if self.task == "deployment":
            return f"deployment {self.deployment} of {self.place}"
        return str(self.place)


def job_of_promotion(
    promotion: ChainPromotion | ModelPromotion, resource: ResourceRef, guard_words: Sequence[str]
) -> Job:
    """A promotion as the subject of a command.

    Args:
        promotion: The promotion.
        resource: Its chain or model.
        guard_words: The flags with which it goes on.
    """
    return Job(
        task="promotion",
        resource=resource,
        environment=promotion.environment_name,
        deployment=promotion.deployment_id,
        token=promotion.token,
        previous=promotion.previous_id,
        guard_words=guard_words,
    )


def job_of_cancellation(cancellation: Cancellation, resource: ResourceRef) -> Job:
    """A cancellation as the subject of a command."""
    return Job(
        task="cancellation",
        resource=resource,
        environment=cancellation.environment_name,
        deployment=cancellation.deployment_id,
        token=cancellation.token,
    )


def words_to_go_on(command: Command) -> Sequence[str]:
    """The flags with which another command goes on with the promotion of this one."""
    if not isinstance(command, Promote | WaitForToken):
        return ()
    guarding = command.guarding
    words = () if guarding is None or guarding.guard is None else guarding.words
    return (*words, ROLLBACK_ON_FAILURE) if command.rollback_on_failure else words


@frozen(kw_only=True)
class Ending:
    """The ending of a command.

    Attributes:
        outcome: The outcome.
        message: One line for people.
        error: The error of the library, if there was one.
        hints: Further lines: commands to type next.
        waited: Seconds that the wait took, if there was one.
        job: The subject of the command, if it is another one than before: a promotion that was
            waited for is now a cancellation.
        only_began: Whether the command has started something, and did not wait for its end.
        report: The report of the guard, if there is one.
        short: The outcome in a few words, if its label does not say all.
    """

    outcome: Outcome
    message: str
    error: BasetenError | None = None
    hints: Sequence[str] = ()
    waited: float | None = None
    job: Job | None = None
    only_began: bool = False
    report: GuardReport | None = None
    short: str = ""

    @property
    def title(self) -> str:
        """The outcome, for people."""
        return "begun" if self.only_began else self.short or self.outcome.label.replace("_", " ")

    @property
    def log(self) -> Sequence[LogLine]:
        """The last lines of the log, if the user asked for them."""
        evidence = self.error.evidence if self.error is not None else None
        return evidence.log_lines if evidence is not None else ()

    @property
    def notes(self) -> Sequence[str]:
        """Notes of the error."""
        return tuple(getattr(self.error, "__notes__", ()))


@frozen(kw_only=True)
class ResourceRow:
    """A chain or a model in a list. ``None`` is what the API has left out.

    Attributes:
        resource: Which, with its name.
        team: The name of its team.
        deployments: How many deployments it has.
        created_at: The time when it was created.
    """

    resource: ResourceRef
    team: str | None
    deployments: int | None
    created_at: datetime | None


@frozen(kw_only=True)
class DeploymentRow:
    """A deployment in a list.

    Attributes:
        id: Its id.
        name: Its name; ``None`` for deployments of chains.
        status: Its status.
        environment: The name of its environment, or ``None``.
        created_at: The time when it was created; ``None`` if the API has left it out.
    """

    id: str
    name: str | None
    status: str
    environment: str | None
    created_at: datetime | None


@frozen(kw_only=True)
class ShownEnvironment:
    """An environment, as a result.

    Attributes:
        place: Which.
        reading: What was read.
    """

    place: EnvironmentRef
    reading: EnvironmentReading


@frozen(kw_only=True)
class ShownResource:
    """The contents of a chain or a model, as a result."""

    resource: ResourceRef
    environments: Sequence[EnvironmentReading]
    deployments: Sequence[DeploymentRow]


@frozen(kw_only=True)
class ShownResources:
    """Chains and models, as a result."""

    rows: Sequence[ResourceRow]


@frozen(kw_only=True)
class ShownPlan:
    """The plan of a promotion, as a result."""

    place: EnvironmentRef
    plan: Plan


@frozen(kw_only=True)
class ShownHistory:
    """The releases of an environment, newest first, as a result."""

    place: EnvironmentRef
    releases: Sequence[Release]


@frozen(kw_only=True)
class ShownLogLine:
    """A line of a log.

    Attributes:
        at: When it was written, or ``None``.
        level: How serious it is, or ``None``.
        chainlet: The name of the chainlet that wrote it; ``None`` for a model.
        replica: The replica that wrote it, or ``None``.
        request_id: The call that it belongs to, or ``None``.
        message: What it says.
    """

    at: datetime | None
    level: str | None
    chainlet: str | None
    replica: str | None
    request_id: str | None
    message: str


@frozen(kw_only=True)
class ShownLog:
    """Lines of a log, oldest first, as a result."""

    lines: Sequence[ShownLogLine]


@frozen(kw_only=True)
class ShownMetrics:
    """Measurements of a deployment or an environment, as a result."""

    job: Job
    metrics: Metrics


@frozen(kw_only=True)
class Beat:
    """What the command waits for, during a silence.

    Attributes:
        label: The target, if it is one of several.
        subject: What happens, in a few words.
        since: Since when.
        seconds: For how long.
    """

    label: str
    subject: str
    since: datetime
    seconds: float


@frozen(kw_only=True)
class TargetRow:
    """One of several targets of a command.

    Attributes:
        label: What the user wrote.
        state: The outcome, for people, or why there is none.
        deployment: The id of the deployment, if it is known.
        waited: Seconds that the wait took, if there was one.
        token: The token that goes on with it, if there is one.
        is_ended: Whether the command has ended for it, and was shown.
    """

    label: str
    state: str
    deployment: str | None
    waited: float | None
    token: str | None
    is_ended: bool


@frozen(kw_only=True)
class ShownTargets:
    """Several targets, at the end of the command."""

    rows: Sequence[TargetRow]


Result: TypeAlias = (
    ShownHistory
    | ShownLog
    | ShownMetrics
    | ShownEnvironment
    | ShownResource
    | ShownResources
    | ShownPlan
    | ShownTargets
)
