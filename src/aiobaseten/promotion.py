"""Promotions and cancellations: what was begun at Baseten, and how it ends."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Generic, cast

from attrs import define, field

from ._arguments import Duration, seconds, time_limit
from ._owner import D, E, EnvironmentLook, Owner
from ._token import Token
from ._waits import (
    SETTLING_TIME_S,
    UNHEALTHY_GRACE_S,
    Baseline,
    CancellationWait,
    EnvironmentReading,
    OnPaused,
    Policy,
    PromotionLog,
    PromotionWait,
)
from ._watch import DEFAULT_TIMEOUT_S, Means, Watch
from .errors import ConfigurationError
from .events import Event
from .schemas import CancellationStatus, Deployment, Environment


@define(eq=False, kw_only=True)
class Promotion(Generic[D, E]):
    """A promotion that was begun, followed by the id that the API answered with."""

    _owner: Owner[D, E] = field(alias="owner", repr=False)
    #: The environment that is promoted to.
    environment_name: str
    #: The deployment that is being promoted. Baseten may have made it for this promotion; it need
    #: not be the one that was asked for.
    deployment_id: str
    #: What the API answered to the promotion; ``None`` for one that was resumed.
    deployment: D | None = None
    _baseline: Baseline = field(factory=Baseline, alias="baseline", repr=False)

    @property
    def previous_id(self) -> str | None:
        """The deployment that served before; ``None`` if there was none or it is not known."""
        return self._baseline.current_id

    @property
    def _label(self) -> str:
        return self._owner.describe_environment(self.environment_name)

    @property
    def token(self) -> str:
        """What ``Baseten.resume`` takes to go on with this in another process. No secret."""
        return Token(
            kind="chain promotion" if self._owner.kind == "chain" else "model promotion",
            parent=self._owner.id,
            environment=self.environment_name,
            deployment=self.deployment_id,
            previous=self._baseline.current_id,
            candidate=self._baseline.candidate_id,
            promotion=self._baseline.promotion_status,
        ).dump()

    def events(
        self,
        *,
        timeout: Duration | None = DEFAULT_TIMEOUT_S,
        on_paused: OnPaused = "wait",
        accept_scaled_to_zero: bool = False,
        settling_time: Duration = SETTLING_TIME_S,
        unhealthy_grace: Duration = UNHEALTHY_GRACE_S,
        log_lines: int = 0,
    ) -> AsyncGenerator[Event, None]:
        """What happens until the promotion is finished, as it is seen.

        The same as `wait`, with the listening: status changes of the deployment and of each
        chainlet, traffic, pauses, looks that failed, and at last `Finished`. After that the stream
        ends, or raises what `wait` raises.

        Leaving the loop, or cancelling the task, stops the looking and leaves nothing running; the
        promotion goes on at Baseten.

        Args:
            timeout: As in `wait`.
            on_paused: As in `wait`.
            accept_scaled_to_zero: As in `wait`.
            settling_time: As in `wait`.
            unhealthy_grace: As in `wait`.
            log_lines: As in `wait`.

        Raises:
            ConfigurationError: An argument is wrong; at once, before any look.
        """
        return self._watch(
            timeout, on_paused, accept_scaled_to_zero, settling_time, unhealthy_grace, log_lines
        ).events()

    async def wait(
        self,
        *,
        timeout: Duration | None = DEFAULT_TIMEOUT_S,
        on_paused: OnPaused = "wait",
        accept_scaled_to_zero: bool = False,
        settling_time: Duration = SETTLING_TIME_S,
        unhealthy_grace: Duration = UNHEALTHY_GRACE_S,
        log_lines: int = 0,
    ) -> D:
        """Wait until the deployment serves in the environment and traffic has moved.

        Read from the environment, one request a look: a reused deployment is ACTIVE before traffic
        moves, and a new one is scaled to zero before it has ever loaded, so neither's own status
        tells. A look that fails in a way that may pass (429, 5xx, a timeout, a reset) does not end
        the wait. Several waits on one promotion do not disturb each other.

        Cancelling this coroutine stops the waiting, never the promotion; nothing is left running.

        Args:
            timeout: Seconds or a `timedelta` to keep looking; ``None`` for no limit; ``0`` looks
                exactly once. The last look begins at the deadline and gets ten seconds.
            on_paused: ``"wait"`` through a pause, or ``"raise"`` as soon as one is seen.
            accept_scaled_to_zero: Whether a deployment that has been promoted and then scaled to
                zero will do. It wakes with the next request, which then waits for it.
            settling_time: Seconds for which the environment may still show what was before the
                promotion, ten at least, and a deployment that is scaled to zero may be on its way.
            unhealthy_grace: Seconds for which an UNHEALTHY deployment may recover.
            log_lines: How many of the last lines of the deployment's log, or of each of up to five
                chainlets' logs, to bring along in the error's ``evidence.log_lines`` when it fails
                or time runs out, 1000 at most. That may take five seconds more.

        Returns:
            The deployment that serves, as last read.

        Raises:
            PromotionFailedError: It failed, or the deployment did. The message says where the
                traffic is.
            PromotionCanceledError: Somebody cancelled it.
            PromotionSupersededError: Another deployment took its place.
            PromotionPausedError: It is paused, and *on_paused* is ``"raise"``.
            WaitTimeoutError: Time ran out. Baseten keeps working on it.
            APIError: The server refuses to show the environment (401, 403, 404 and the like).
            ConfigurationError: An argument is wrong, or the client was closed.
        """
        watch = self._watch(
            timeout, on_paused, accept_scaled_to_zero, settling_time, unhealthy_grace, log_lines
        )
        return cast("D", await watch.result())

    def _watch(
        self,
        timeout: Duration | None,
        on_paused: OnPaused,
        accept_scaled_to_zero: bool,
        settling_time: Duration,
        unhealthy_grace: Duration,
        log_lines: int,
    ) -> Watch[EnvironmentReading]:
        limit = time_limit("timeout", timeout)
        settling_s = seconds("settling_time", settling_time)
        policy = Policy(
            accept_scaled_to_zero=accept_scaled_to_zero,
            on_paused=on_paused,
            settling_time=settling_s,
            unhealthy_grace=seconds("unhealthy_grace", unhealthy_grace),
            # It lingered as a failed candidate before: the first looks may still show that.
            after_retry=self._baseline.candidate_id == self.deployment_id
            or self._owner.was_retried(self.deployment_id, within=settling_s),
        )
        wait = PromotionWait(
            label=f"the promotion of deployment {self.deployment_id} to {self._label}",
            target=self.deployment_id,
            seen=PromotionLog(self.environment_name),
            policy=policy,
            baseline=self._baseline,
        )
        means = Means(
            read_deployment=lambda: self._owner.read_deployment(self.deployment_id),
            token=lambda: self.token,
            last_lines=self._owner.last_lines(self.deployment_id, log_lines),
        )
        look = self._owner.polls.known(EnvironmentLook(self._owner, self.environment_name))
        return Watch(self._owner.polls, wait, look, limit, means)

    def _served_before(self) -> str:
        """The deployment to roll back to."""
        if self.previous_id is None:
            raise ConfigurationError(
                f"it is not known what served in {self._label} before this promotion, so "
                "there is nothing to roll back to"
            )
        if self.previous_id == self.deployment_id:
            raise ConfigurationError(
                f"deployment {self.deployment_id} served in {self._label} before this promotion, "
                "too, so there is nothing to roll back to"
            )
        return self.previous_id


@define(eq=False, kw_only=True)
class Cancellation:
    """A promotion that was cancelled, and what the API said to that.

    Attributes:
        environment_name: The environment that was promoted to.
        status: ``CANCELED`` (at once) or ``RAMPING_DOWN`` (traffic is going back); ``None`` for
            one that was resumed.
        message: The API's message.
        deployment_id: The deployment whose promotion was cancelled, or ``None`` if not known.
        previous_id: The deployment that served before that promotion, or ``None`` if not known.
    """

    _owner: Owner[Deployment, Environment] = field(alias="owner", repr=False)
    environment_name: str
    status: CancellationStatus | None
    message: str
    deployment_id: str | None = None
    previous_id: str | None = None
    _at_once: bool = field(default=False, alias="at_once")

    @property
    def _label(self) -> str:
        return self._owner.describe_environment(self.environment_name)

    @property
    def token(self) -> str:
        """What ``Baseten.resume`` takes to go on with this in another process. No secret."""
        return Token(
            kind="cancellation",
            parent=self._owner.id,
            environment=self.environment_name,
            deployment=self.deployment_id,
            previous=self.previous_id,
            at_once=self._at_once,
        ).dump()

    def events(
        self,
        *,
        timeout: Duration | None = DEFAULT_TIMEOUT_S,
        settling_time: Duration = SETTLING_TIME_S,
    ) -> AsyncGenerator[Event, None]:
        """What happens until traffic is back, as it is seen.

        The same as `wait`, with the listening. `Finished` comes last; after it the stream ends, or
        raises what `wait` raises. Leaving the loop leaves nothing running.

        Args:
            timeout: As in `wait`.
            settling_time: As in `wait`.

        Raises:
            ConfigurationError: An argument is wrong; at once, before any look.
        """
        return self._watch(timeout, settling_time).events()

    async def wait(
        self,
        *,
        timeout: Duration | None = DEFAULT_TIMEOUT_S,
        settling_time: Duration = SETTLING_TIME_S,
    ) -> Environment:
        """Wait until the promotion is gone and traffic is back on what served before.

        Cancelling this coroutine stops the waiting, nothing else; nothing is left running.

        Args:
            timeout: Seconds or a `timedelta` to keep looking; ``None`` for no limit; ``0`` looks
                exactly once. The last look begins at the deadline and gets ten seconds.
            settling_time: Seconds for which the environment may still show the promotion that
                Baseten has said is cancelled.

        Returns:
            The environment, as last read.

        Raises:
            PromotionSupersededError: The deployment was rolled forward all the same, and serves.
            WaitTimeoutError: Time ran out. Baseten keeps working on it.
            APIError: The server refuses to show the environment (401, 403, 404 and the like).
            ConfigurationError: An argument is wrong, or the client was closed.
        """
        return cast("Environment", await self._watch(timeout, settling_time).result())

    def _watch(
        self, timeout: Duration | None, settling_time: Duration
    ) -> Watch[EnvironmentReading]:
        limit = time_limit("timeout", timeout)
        wait = CancellationWait(
            label=f"the cancellation of the promotion to {self._label}",
            seen=PromotionLog(self.environment_name),
            policy=Policy(settling_time=seconds("settling_time", settling_time)),
            at_once=self._at_once,
            target=self.deployment_id,
            previous=self.previous_id,
        )
        look = self._owner.polls.known(EnvironmentLook(self._owner, self.environment_name))
        means = Means(token=lambda: self.token)
        return Watch(self._owner.polls, wait, look, limit, means)
