"""Waiting until a deployment of a chain or a model is ACTIVE."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import lru_cache
from typing import Generic, cast

from attrs import frozen

from ._arguments import Duration, path_argument, seconds, time_limit
from ._owner import D, DeploymentLook, E, Owner
from ._waits import (
    SETTLING_TIME_S,
    UNHEALTHY_GRACE_S,
    DeploymentReading,
    DeploymentWait,
    Policy,
)
from ._watch import DEFAULT_TIMEOUT_S, LOOKING, Means, Watch
from .events import Event

# Most waits are asked the same.
_policy = lru_cache(maxsize=64)(Policy)


@frozen
class DeploymentHandle(Generic[D, E]):
    """A deployment, by its ids. Making one does no I/O; equal ids make equal handles."""

    _owner: Owner[D, E]
    #: The deployment's id.
    id: str

    def __attrs_post_init__(self) -> None:
        path_argument("deployment_id", self.id)

    async def get(self) -> D:
        """The deployment as it is now. Cancelling this changes nothing at Baseten.

        Raises:
            NotFoundError: There is no such deployment. A new one may be hidden for some seconds.
            BasetenError: What else can go wrong on the way; see `aiobaseten.errors`.
        """
        return await self._owner.transport.send(self._owner.get_deployment(self.id))

    def events(
        self,
        *,
        timeout: Duration | None = DEFAULT_TIMEOUT_S,
        accept_scaled_to_zero: bool = False,
        settling_time: Duration = SETTLING_TIME_S,
        unhealthy_grace: Duration = UNHEALTHY_GRACE_S,
        log_lines: int = 0,
    ) -> AsyncGenerator[Event, None]:
        """What happens until the deployment is ACTIVE, as it is seen.

        The same as `wait_until_active`, with the listening: status changes of the deployment and
        of each chainlet, looks that failed, and at last `Finished`. After that the stream ends, or
        raises what `wait_until_active` raises. Leaving the loop leaves nothing running.

        Args:
            timeout: As in `wait_until_active`.
            accept_scaled_to_zero: As in `wait_until_active`.
            settling_time: As in `wait_until_active`.
            unhealthy_grace: As in `wait_until_active`.
            log_lines: As in `wait_until_active`.

        Raises:
            ConfigurationError: An argument is wrong; at once, before any look.
        """
        return self._watch(
            timeout, accept_scaled_to_zero, settling_time, unhealthy_grace, log_lines
        ).events()

    async def wait_until_active(
        self,
        *,
        timeout: Duration | None = DEFAULT_TIMEOUT_S,
        accept_scaled_to_zero: bool = False,
        settling_time: Duration = SETTLING_TIME_S,
        unhealthy_grace: Duration = UNHEALTHY_GRACE_S,
        log_lines: int = 0,
    ) -> D:
        """Wait until the deployment is ACTIVE; a chain, until every chainlet is.

        This does not tell whether traffic reaches it: for a promotion, wait for the promotion. A
        look that fails in a way that may pass (429, 5xx, a timeout, a reset) does not end the wait.

        Cancelling this coroutine stops the waiting, never the deployment; nothing is left running.

        Args:
            timeout: Seconds or a `timedelta` to keep looking; ``None`` for no limit; ``0`` looks
                exactly once. The last look begins at the deadline and gets ten seconds.
            accept_scaled_to_zero: Whether a deployment that is deployed and scaled to zero will do.
                It wakes with the next request, which then waits for it.
            settling_time: Seconds for which one that is scaled to zero may be on its way up, and
                INACTIVE may be the state before somebody activated it.
            unhealthy_grace: Seconds for which an UNHEALTHY deployment may recover.
            log_lines: How many of the last lines of the deployment's log, or of each of up to five
                chainlets' logs, to bring along in the error's ``evidence.log_lines`` when it fails
                or time runs out, 1000 at most. That may take five seconds more.

        Returns:
            The deployment, as last read.

        Raises:
            DeploymentFailedError: It failed or was stopped; names the chainlets that did.
            WaitTimeoutError: Time ran out. Baseten keeps working on it.
            APIError: The server refuses to show it (401, 403 and the like; 404 after 30 s).
            ConfigurationError: An argument is wrong, or the client was closed.
        """
        watch = self._watch(
            timeout, accept_scaled_to_zero, settling_time, unhealthy_grace, log_lines
        )
        return cast("D", await watch.result())

    def _watch(
        self,
        timeout: Duration | None,
        accept_scaled_to_zero: bool,
        settling_time: Duration,
        unhealthy_grace: Duration,
        log_lines: int,
        wake: Callable[[], Awaitable[object]] | None = None,
    ) -> Watch[DeploymentReading]:
        settling_s = seconds("settling_time", settling_time)
        policy = _policy(
            accept_scaled_to_zero=accept_scaled_to_zero,
            wake=wake is not None,
            settling_time=settling_s,
            unhealthy_grace=seconds("unhealthy_grace", unhealthy_grace),
            after_retry=self._owner.was_retried(self.id, within=settling_s),
        )
        in_context = policy.wake or policy.accept_scaled_to_zero
        owner = self._owner
        look = owner.polls.known(DeploymentLook(owner, self.id, in_context))
        wait = DeploymentWait(label=look, policy=policy, can_wake=owner.kind == "model")
        last_lines = owner.last_lines(self.id, log_lines)
        means = Means(wake=wake, last_lines=last_lines) if wake or last_lines else LOOKING
        return Watch(owner.polls, wait, look, time_limit("timeout", timeout), means)
