"""Promotions and cancellations: what was started at Baseten, and how it ends."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Awaitable
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Protocol, Unpack, cast

from attrs import define, field

from . import _waiting
from ._first_use import on_first_use
from ._operations import D, E
from ._resource import (
    EnvironmentLook,
    ReadAuditLog,
    ReadDeployment,
    ReadLastLines,
    Resource,
    reasons,
)
from ._token import Token
from .errors import RollbackImpossibleError
from .options import CancellationOptions, PromotionOptions, WaitOptions, wait_options

if TYPE_CHECKING:
    from . import events
    from ._verdict import GuardReport
    from ._waiting import Actions, Baseline, GuardMemory, PromotionTracker, Wait
    from .events import Event, EventStream
    from .readings import EnvironmentReading
    from .schemas import CancellationStatus, Deployment, Environment
else:
    events = on_first_use(".events")


class Waiting(Protocol):
    """A wait for a promotion, guarded or not."""

    def news(self) -> Awaitable[None]:
        """Done as soon as there is something to do or to tell."""
        ...

    def leave(self) -> None:
        """End it."""
        ...

    async def result(self) -> Any:
        """The result of the wait."""
        ...

    def events(self) -> AsyncGenerator[Event, None]:
        """The events of the wait."""
        ...


@define(eq=False, kw_only=True, repr=False)
class Promotion(Generic[D, E]):
    """A promotion that was started. The id that the API answered with is followed."""

    _resource: Resource[D, E] = field(alias="resource", repr=False)
    #: The environment that is promoted to.
    environment_name: str
    #: The deployment that is being promoted. Baseten may have made it for this promotion; it need
    #: not be the one that was asked for.
    deployment_id: str
    #: The API's answer to the promotion; ``None`` for one from a token.
    deployment: D | None = None
    _baseline: Baseline = field(factory=lambda: _waiting.Baseline(), alias="baseline", repr=False)
    _memory: GuardMemory | None = field(default=None, alias="memory", repr=False)
    #: When it was certainly under way, in seconds since 1970 at Baseten; minus infinity
    #: for one that has just begun.
    _began_by: float = field(default=-math.inf, alias="began_by", repr=False)
    #: Whether somebody else has started it.
    _was_adopted: bool = field(default=False, alias="was_adopted", repr=False)
    #: When it began at the earliest, in seconds since 1970 at Baseten; minus infinity if not known.
    _since: float = field(default=-math.inf, alias="since", repr=False)
    # When it was certainly under way, on the clock of this process.
    _known_at: float = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        sender = self._resource.sender
        self._known_at, told = sender.clock.now(), sender.told_time()
        if self._began_by == -math.inf:
            now = sender.server_time().timestamp()
            self._since = now if self._since == -math.inf else self._since
            self._began_by = math.inf if told is None else now
        elif told is not None:
            self._known_at -= max(told - self._began_by, 0.0)
        # It replaced another deployment, so that it cannot have served right before.
        if self._baseline.served_until is None:
            self._baseline.served_until = self._known_at

    def __repr__(self) -> str:
        ids = f"{self._resource.kind}_id={self._resource.id!r}, "
        return (
            f"{type(self).__name__}({ids}environment_name={self.environment_name!r}, "
            f"deployment_id={self.deployment_id!r}, previous_id={self.previous_id!r})"
        )

    @property
    def previous_id(self) -> str | None:
        """The deployment that served before; ``None`` if there was none or it is not known."""
        return self._baseline.current_id

    @property
    def _label(self) -> str:
        return self._resource.environment_label(self.environment_name)

    @property
    def token(self) -> str:
        """The text with which ``Baseten.resume`` goes on in another process. No secret."""
        return Token(
            kind="chain promotion" if self._resource.kind == "chain" else "model promotion",
            resource_id=self._resource.id,
            environment_name=self.environment_name,
            deployment_id=self.deployment_id,
            previous_id=self._baseline.current_id,
            candidate_id=self._baseline.candidate_id,
            promotion_status=self._baseline.promotion_status,
            hold=None if self._memory is None else int(self._memory.hold),
            was_held=self._memory is not None and self._memory.pause == "held",
            was_left=self._memory is not None and self._memory.pause == "left",
            was_adopted=self._was_adopted,
            sent_at=None if self._began_by == math.inf else int(self._began_by),
        ).dump()

    @property
    def report(self) -> GuardReport | None:
        """What the guard has seen and done in the last wait; ``None`` without a guard."""
        return None if self._memory is None else self._memory.report

    def events(self, **options: Unpack[PromotionOptions]) -> EventStream:
        """The events until the promotion is finished, as they are seen.

        The same wait as `wait`: status changes of the deployment and of each chainlet, traffic,
        pauses, looks that failed, and at last `Finished`. After that the stream ends, or raises
        what `wait` raises. With a guard also its steps, verdicts and acts.

        Leaving the loop stops the wait if it stands in ``async with promotion.events() as events:``
        (see `EventStream`); the promotion goes on at Baseten.

        Args:
            options: As for `wait`.

        Raises:
            ConfigurationError: An option is invalid; at once, before any look.
        """
        return events.EventStream(self._wait(wait_options(options, PromotionOptions)).events())

    async def wait(self, **options: Unpack[PromotionOptions]) -> D:
        """Wait until the deployment serves in the environment and traffic has moved.

        Read from the environment, one request per look: a reused deployment is ACTIVE before
        traffic moves, and a new one is scaled to zero before it has ever loaded, so neither status
        is enough. A look that fails in a way that may pass (429, 5xx, a timeout, a reset) does not
        end the wait. Several waits on one promotion do not disturb each other.

        With a guard, it also measures each step, holds it until every check has passed, and takes
        the promotion back if one has not: see `aiobaseten.guard`. Only one wait at a time may
        guard. When the time is over, the guard does not act.

        Cancelling this coroutine stops the wait, never the promotion; nothing is left running. A
        guarded promotion then goes on without a guard.

        Args:
            options: ``timeout``, ``on_paused``, ``settling_time`` (less than ten
                seconds count as ten),
                ``unhealthy_grace``, ``accept_scaled_to_zero`` and ``log_lines``: see
                `aiobaseten.WaitOptions`.

        Returns:
            The deployment that serves, as last read.

        Raises:
            PromotionFailedError: It failed, or the deployment did. The message says where the
                traffic is.
            PromotionCanceledError: Somebody cancelled it.
            PromotionSupersededError: Another deployment took its place.
            PromotionPausedError: It is paused, and ``on_paused`` is ``"raise"``.
            GuardBreachedError: A check of the guard is out of its bound. The message says where the
                traffic is. It may come ``cancel_timeout`` of the guard after the time is over.
            GuardUnavailableError: The guard could not measure; as before.
            WaitTimeoutError: Time ran out. Baseten keeps working on it.
            APIError: The server refuses to show the environment (401, 403, 404 and the like).
            ConfigurationError: An option is invalid, or the client was closed.
        """
        wait = self._wait(wait_options(options, PromotionOptions))
        del options  # an empty table, and there may be a hundred thousand waits
        try:
            await wait.news()
            return cast("D", await wait.result())
        finally:
            wait.leave()

    def _wait(self, options: WaitOptions) -> Waiting:
        return _waiting.Wait(
            self._resource.polls,
            self._tracker(options),
            self._look(),
            options.timeout,
            partial(self._actions, options),
        )

    def _look(self) -> EnvironmentLook[D, E]:
        return EnvironmentLook(self._resource, self.environment_name)

    def _tracker(self, options: WaitOptions) -> PromotionTracker:
        now = self._resource.sender.clock.now()
        return _waiting.PromotionTracker(
            label=f"the promotion of deployment {self.deployment_id} to {self._label}",
            target=self.deployment_id,
            seen=_waiting.EnvironmentHistory(self.environment_name),
            options=options,
            # It lingered as a failed candidate before: the first looks may still show that.
            retried=self._baseline.candidate_id == self.deployment_id
            or self._resource.was_retried(self.deployment_id, within=options.settling_time),
            baseline=self._baseline,
            began=now,
            under_way_at=self._known_at - now,
        )

    def _actions(self, options: WaitOptions) -> Actions:
        resource = self._resource
        return _waiting.Actions(
            read_deployment=ReadDeployment(resource, self.deployment_id),
            token=lambda: self.token,
            last_lines=ReadLastLines(resource, self.deployment_id, options.log_lines)
            if options.log_lines
            else None,
            who=_waiting.Who(
                read=ReadAuditLog(resource, self.environment_name),
                target=self.deployment_id,
                since=self._since,
                is_exact=self.deployment is not None,
                advice=_waiting.GO_ON,
            ),
            why=reasons(resource, self.deployment_id, self.environment_name),
        )

    def _check_served_before(self) -> None:
        """Check that there is a deployment to roll back to."""
        if self.previous_id is None:
            raise RollbackImpossibleError(
                f"it is not known what served in {self._label} before this promotion, so "
                "there is nothing to roll back to"
            )
        if self.previous_id == self.deployment_id:
            raise RollbackImpossibleError(
                f"deployment {self.deployment_id} served in {self._label} before this promotion, "
                "too, so there is nothing to roll back to"
            )


@define(eq=False, kw_only=True, repr=False)
class Cancellation:
    """A promotion that was cancelled, and the API's answer.

    Attributes:
        environment_name: The environment that was promoted to.
        status: ``CANCELED`` (at once) or ``RAMPING_DOWN`` (traffic is going back); ``None`` for
            one that was forced or comes from a token, or whose answer was lost.
        message: The API's message.
        deployment_id: The deployment whose promotion was cancelled, or ``None`` if not known.
        previous_id: The deployment that served before that promotion, or ``None`` if not known.
    """

    _resource: Resource[Deployment, Environment] = field(alias="resource", repr=False)
    environment_name: str
    status: CancellationStatus | None
    message: str
    deployment_id: str | None = None
    previous_id: str | None = None
    _at_once: bool = field(default=False, alias="at_once")
    _was_seen: bool = field(default=True, alias="was_seen")
    # When the promotion was certainly under way, on the clock of this process; ``None``: now.
    _known_at: float | None = field(default=None, alias="known_at")
    _since: float = field(init=False)
    _under_way_at: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        known_at = self._known_at
        self._under_way_at = self._resource.sender.clock.now() if known_at is None else known_at
        now = self._resource.sender.server_time().timestamp()
        self._since = -math.inf if self.status is None else now  # as that of a promotion

    def __repr__(self) -> str:
        return (
            f"Cancellation(model_id={self._resource.id!r}, "
            f"environment_name={self.environment_name!r}, "
            f"deployment_id={self.deployment_id!r}, status={self.status and str(self.status)!r})"
        )

    @property
    def _label(self) -> str:
        return self._resource.environment_label(self.environment_name)

    @property
    def token(self) -> str:
        """The text with which ``Baseten.resume`` goes on in another process. No secret."""
        return Token(
            kind="cancellation",
            resource_id=self._resource.id,
            environment_name=self.environment_name,
            deployment_id=self.deployment_id,
            previous_id=self.previous_id,
            at_once=self._at_once,
        ).dump()

    def events(self, **options: Unpack[CancellationOptions]) -> EventStream:
        """The events until traffic is back, as they are seen.

        The same wait as `wait`. `Finished` comes last; after it the stream ends, or raises what
        `wait` raises. Leaving the loop stops the wait if it stands in an ``async with`` block: see
        `EventStream`.

        Args:
            options: As for `wait`.

        Raises:
            ConfigurationError: An option is invalid; at once, before any look.
        """
        return events.EventStream(self._wait(wait_options(options, CancellationOptions)).events())

    async def wait(self, **options: Unpack[CancellationOptions]) -> Environment:
        """Wait until the promotion is gone and traffic is back on the previous deployment.

        Cancelling this coroutine stops the wait, nothing else; nothing is left running.

        Args:
            options: ``timeout`` and ``settling_time`` (the time for which the environment may still
                show the promotion that Baseten has cancelled): see `aiobaseten.WaitOptions`.

        Returns:
            The environment, as last read.

        Raises:
            PromotionSupersededError: The deployment was rolled forward all the same, and serves.
            WaitTimeoutError: Time ran out. Baseten keeps working on it.
            APIError: The server refuses to show the environment (401, 403, 404 and the like).
            ConfigurationError: An option is invalid, or the client was closed.
        """
        return cast(
            "Environment", await self._wait(wait_options(options, CancellationOptions)).result()
        )

    def _wait(self, options: WaitOptions) -> Wait[EnvironmentReading]:
        now = self._resource.sender.clock.now()
        tracker = _waiting.CancellationTracker(
            label=f"the cancellation of the promotion to {self._label}",
            seen=_waiting.EnvironmentHistory(self.environment_name),
            options=options,
            target=self.deployment_id,
            previous=self.previous_id,
            was_seen=self._was_seen,
            known_at=self._under_way_at - now,
            at_once=self._at_once,
        )
        look = EnvironmentLook(self._resource, self.environment_name)
        return _waiting.Wait(self._resource.polls, tracker, look, options.timeout, self._actions)

    def _actions(self) -> Actions:
        who = _waiting.Who(
            read=ReadAuditLog(self._resource, self.environment_name),
            target=self.deployment_id,
            since=self._since,
            advice=_waiting.GO_ON,
        )
        return _waiting.Actions(token=lambda: self.token, who=who)
