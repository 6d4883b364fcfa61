"""What each command does, from the arguments to how it ended."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any

from .. import Baseten
from ..chains import ChainEnvironmentHandle, ChainHandle, ChainPromotion
from ..errors import BasetenError, WaitTimeoutError
from ..events import Event, Finished
from ..models import ModelEnvironmentHandle, ModelHandle, ModelPromotion
from ..promotion import Cancellation
from ..schemas import Deployment
from ._failures import explain, outcome_of
from ._jobs import Ending, Job, Listed, command, go_on
from ._outcomes import Outcome
from ._views import View


class Run:
    """One command at work.

    Attributes:
        job: What it is about, as soon as that is known.
    """

    def __init__(self, client: Baseten, arguments: Namespace, views: Sequence[View]) -> None:
        self._client = client
        self._arguments = arguments
        self._views = views
        self._promotion: ChainPromotion | ModelPromotion | None = None
        self._is_waiting = False
        self.job: Job | None = None

    async def run(self) -> Ending:
        """Do it."""
        try:
            return await _COMMANDS[self._arguments.command](self)
        except BasetenError as error:
            return self._failed(error)

    async def interrupted(self, outcome: Outcome) -> Ending:
        """How it ends when somebody wants it to: what still runs, and how to go on."""
        job = self.job
        if job is None or not self._is_waiting:
            return self._interrupted_early(outcome)
        if self._promotion is not None and self._asked("cancel_on_interrupt"):
            message, hints = await self._cancel()
            return Ending(outcome=outcome, message=f"{outcome.label}; {message}", hints=hints)
        return Ending(
            outcome=outcome,
            message=f"{outcome.label}; {job} goes on at Baseten",
            hints=self._hints(),
        )

    def _interrupted_early(self, outcome: Outcome) -> Ending:
        """Before anything was waited for: of what writes, nobody knows whether it was done."""
        job, arguments = self.job, self._arguments
        if job is None or job.environment is None or arguments.command not in _WRITES:
            return Ending(outcome=outcome, message=outcome.label)
        what = {
            "promote": f"{job} began",
            "rollback": f"the rollback of {job} began",
        }.get(arguments.command, f"Baseten has heard ({arguments.command}, {job})")
        look = command(arguments, "status", job.kind, job.owner, job.environment)
        return Ending(
            outcome=outcome,
            message=f"{outcome.label} before Baseten's answer was in: whether {what} is not known",
            hints=[f"to look:  {look}"],
        )

    # --- the commands ----------------------------------------------------------------------------

    async def promote(self) -> Ending:
        """Promote, and wait if asked to."""
        arguments = self._arguments
        self.job = Job(
            task="promotion",
            kind=arguments.kind,
            owner=arguments.owner,
            environment=arguments.environment,
            deployment=arguments.deployment,
        )
        options: dict[str, Any] = {
            "if_in_progress": _raises(arguments.if_in_progress),
            "scale_down_previous_deployment": arguments.scale_down_previous_deployment,
            **self._given("in_progress_timeout"),
        }
        environment: ChainEnvironmentHandle | ModelEnvironmentHandle
        if arguments.kind == "model":
            environment = self._client.model(arguments.owner).environment(arguments.environment)
            options["preserve_env_instance_type"] = arguments.preserve_env_instance_type
        else:
            environment = self._client.chain(arguments.owner).environment(arguments.environment)
        once = ", once no other is under way" if arguments.if_in_progress == "wait" else ""
        self._note(f"promoting deployment {arguments.deployment} to {self.job.place}{once}")
        return await self._follow(await environment.promote(arguments.deployment, **options))

    async def wait(self) -> Ending:
        """Wait for what a token goes on with, or for a deployment."""
        arguments = self._arguments
        if arguments.token is None:
            return await self._wait_until_active()
        resumed = await self._client.resume(arguments.token)
        if isinstance(resumed, Cancellation):
            return await self._follow_cancellation(resumed, _owner_of(arguments.token))
        return await self._follow(resumed)

    async def status(self) -> Ending:
        """Show an environment."""
        arguments = self._arguments
        self.job = self._of_environment("environment")
        found = await self._owner().environment(arguments.environment).read()
        for view in self._views:
            view.environment(self.job, found)
        return Ending(outcome=Outcome.DONE, message="")

    async def list_all(self) -> Ending:
        """Show the environments and deployments."""
        self.job = Job(task="owner", kind=self._arguments.kind, owner=self._arguments.owner)
        owner = self._owner()
        environments = await owner.read_environments()
        deployments = [
            Listed(
                id=one.id,
                name=one.name if isinstance(one, Deployment) else None,
                status=str(one.status),
                environment=one.environment,
                created_at=one.created_at.isoformat(timespec="seconds"),
            )
            for one in await owner.list_deployments()
        ]
        for view in self._views:
            view.listing(self.job, environments, deployments)
        return Ending(outcome=Outcome.DONE, message="")

    async def cancel(self) -> Ending:
        """Cancel the promotion of a model, and wait if asked to."""
        promotion = await self._model_promotion()
        if isinstance(promotion, ModelPromotion):
            cancelled = promotion.force_cancel if self._arguments.force else promotion.cancel
            cancellation = await cancelled()
        elif self._arguments.force:
            cancellation = await promotion.force_cancel_promotion()
        else:
            cancellation = await promotion.cancel_promotion()
        return await self._follow_cancellation(cancellation, self._known_job().owner)

    async def pause(self) -> Ending:
        """Pause the promotion of a model."""
        found = await self._model_promotion()
        await (found.pause() if isinstance(found, ModelPromotion) else found.pause_promotion())
        return self._done("is going to pause at the end of its step")

    async def resume(self) -> Ending:
        """Let the promotion of a model go on."""
        found = await self._model_promotion()
        await (found.resume() if isinstance(found, ModelPromotion) else found.resume_promotion())
        return self._done("goes on")

    async def roll_forward(self) -> Ending:
        """Finish the promotion of a model at once."""
        found = await self._model_promotion()
        if isinstance(found, ModelPromotion):
            await found.force_roll_forward()
        else:
            await found.force_roll_forward_promotion()
        return self._done("gets all traffic at once")

    async def rollback(self) -> Ending:
        """Promote what served before, and wait if asked to."""
        resumed = await self._client.resume(self._arguments.token)
        assert not isinstance(resumed, Cancellation)  # noqa: S101 - the arguments were checked
        self.job = self._of_promotion(resumed, _owner_of(self._arguments.token))
        return await self._follow(await resumed.rollback())

    # --- waiting ---------------------------------------------------------------------------------

    async def _follow(self, promotion: ChainPromotion | ModelPromotion) -> Ending:
        """A promotion that has begun."""
        self._promotion = promotion
        self.job = job = self._of_promotion(promotion, _owner_of(promotion.token))
        self._begin()
        if not self._waits():
            # What was adopted may have been finished before anybody asked.
            adopts = getattr(self._arguments, "if_in_progress", "adopt") == "adopt"
            so_far = (
                ", now or before; a wait tells whether it is live"
                if adopts
                else "; it is not live yet"
            )
            return Ending(
                outcome=Outcome.DONE,
                message=f"Baseten has accepted {job}{so_far}",
                hints=self._hints(),
            )
        options = self._given(
            "timeout", "settling_time", "unhealthy_grace", "accept_scaled_to_zero", "log_lines"
        )
        if on_paused := self._given("on_paused"):
            options["on_paused"] = _raises(on_paused["on_paused"])
        ending = await self._watch(
            promotion.events(**options),
            f"deployment {job.deployment} serves {job.place}",
        )
        if isinstance(ending.error, WaitTimeoutError) and self._asked("cancel_on_timeout"):
            message, hints = await self._cancel()
            return Ending(
                outcome=ending.outcome,
                message=f"{ending.message} As asked, {message}",
                error=ending.error,
                hints=hints,
                waited=ending.waited,
            )
        return ending

    async def _follow_cancellation(self, cancellation: Cancellation, owner: str) -> Ending:
        """A cancellation that has begun."""
        self.job = job = Job(
            task="cancellation",
            kind="model",
            owner=owner,
            environment=cancellation.environment_name,
            deployment=cancellation.deployment_id,
            token=cancellation.token,
        )
        self._promotion = None
        self._begin()
        if not self._waits():
            said = f"{cancellation.status}: {cancellation.message}" if cancellation.status else ""
            return Ending(
                outcome=Outcome.DONE,
                message=f"Baseten has accepted {job}. {said}".rstrip(),
                hints=self._hints(),
            )
        options = self._given("timeout", "settling_time")
        return await self._watch(
            cancellation.events(**options), f"{job} is over; traffic is back on what served before"
        )

    async def _wait_until_active(self) -> Ending:
        arguments = self._arguments
        self.job = job = Job(
            task="deployment",
            kind=arguments.kind,
            owner=arguments.owner,
            deployment=arguments.deployment,
        )
        options = self._given(
            "timeout",
            "settling_time",
            "unhealthy_grace",
            "accept_scaled_to_zero",
            "log_lines",
            "wake",
        )
        events = self._owner().deployment(arguments.deployment).events(**options)
        self._begin()
        return await self._watch(events, f"{job} is ready")

    async def _watch(self, events: AsyncGenerator[Event, None], success: str) -> Ending:
        """Show events until the last one."""
        self._is_waiting = True
        async with aclosing(events):
            async for event in events:
                for view in self._views:
                    view.event(event)
                if isinstance(event, Finished):
                    if event.error is not None:
                        return self._failed(event.error, waited=event.at)
                    return Ending(outcome=Outcome.DONE, message=success, waited=event.at)
        raise AssertionError("a stream of events ends with Finished")

    async def _cancel(self) -> tuple[str, Sequence[str]]:
        """Cancel the promotion, as was asked for beforehand; what to say about it."""
        promotion = self._promotion
        assert isinstance(promotion, ModelPromotion)  # noqa: S101 - the arguments were checked
        try:
            cancellation = await promotion.cancel()
        except BasetenError as error:
            why = explain(error, self._arguments, self.job)
            return f"{self.job} could not be cancelled: {why}", self._hints()
        # RAMPING_DOWN takes a while; whoever is leaving has no time to wait for it.
        return (
            f"{self.job} was cancelled: Baseten says {cancellation.status}",
            go_on(self._arguments, cancellation.token, can_cancel=False),
        )

    # --- what commands have in common ------------------------------------------------------------

    async def _model_promotion(self) -> ModelPromotion | ModelEnvironmentHandle:
        """What is to be interfered with: by a token, or by the environment."""
        arguments = self._arguments
        if arguments.token is None:
            self.job = self._of_environment("environment")
            return self._client.model(arguments.owner).environment(arguments.environment)
        resumed = await self._client.resume(arguments.token)
        owner = _owner_of(arguments.token)
        if isinstance(resumed, ModelPromotion):
            self.job = self._of_promotion(resumed, owner)
            return resumed
        name = resumed.environment_name
        self.job = Job(task="environment", kind="model", owner=owner, environment=name)
        return self._client.model(owner).environment(name)

    def _owner(self) -> ChainHandle | ModelHandle:
        arguments = self._arguments
        if arguments.kind == "model":
            return self._client.model(arguments.owner)
        return self._client.chain(arguments.owner)

    def _of_environment(self, task: str) -> Job:
        arguments = self._arguments
        return Job(
            task=task,
            kind=arguments.kind,
            owner=arguments.owner,
            environment=arguments.environment,
        )

    def _of_promotion(self, promotion: ChainPromotion | ModelPromotion, owner: str) -> Job:
        return Job(
            task="promotion",
            kind="model" if isinstance(promotion, ModelPromotion) else "chain",
            owner=owner,
            environment=promotion.environment_name,
            deployment=promotion.deployment_id,
            token=promotion.token,
        )

    def _known_job(self) -> Job:
        assert self.job is not None  # noqa: S101 - set by whoever calls this
        return self.job

    def _note(self, text: str) -> None:
        for view in self._views:
            view.note(text)

    def _begin(self) -> None:
        for view in self._views:
            view.begin(self._known_job())

    def _done(self, what: str) -> Ending:
        job = self._known_job()
        subject = str(job) if job.task == "promotion" else f"the promotion to {job.place}"
        return Ending(outcome=Outcome.DONE, message=f"{subject} {what}")

    def _failed(self, error: BasetenError, waited: float | None = None) -> Ending:
        outcome = outcome_of(error)
        goes_on = outcome in (Outcome.TIMED_OUT, Outcome.PAUSED) or (
            # The wait has ended, but what was begun has not.
            waited is not None
            and outcome in (Outcome.REFUSED, Outcome.NOT_FOUND, Outcome.UNAVAILABLE)
        )
        hints = [*self._hints()] if goes_on else []
        if outcome is Outcome.PAUSED and self.job is not None and self.job.token is not None:
            resume = command(self._arguments, "resume", self.job.token)
            hints.insert(0, f"to resume it:      {resume}")
        return Ending(
            outcome=outcome,
            message=explain(error, self._arguments, self.job),
            error=error,
            hints=hints,
            waited=waited,
        )

    def _hints(self) -> Sequence[str]:
        job = self._known_job()
        if job.token is None:
            if job.task != "deployment":
                return ()
            again = command(self._arguments, "wait", job.kind, job.owner, job.deployment or "")
            return [f"to go on waiting:  {again}"]
        can_cancel = job.task == "promotion" and job.kind == "model"
        return go_on(self._arguments, job.token, can_cancel=can_cancel)

    def _waits(self) -> bool:
        return waits(self._arguments)

    def _asked(self, flag: str) -> bool:
        return bool(getattr(self._arguments, flag, False))

    def _given(self, *names: str) -> dict[str, Any]:
        """The options that were given; the library decides about the others."""
        known = vars(self._arguments)
        return {name: known[name] for name in names if name in known}


def waits(arguments: Namespace) -> bool:
    """Whether a command goes on until something at Baseten has."""
    return arguments.command == "wait" or bool(getattr(arguments, "wait", False))


def _raises(word: str) -> str:
    """On a command line a wait fails; in Python it raises."""
    return "raise" if word == "fail" else word


def _owner_of(token: str) -> str:
    from .. import Token

    return Token.load(token).resource_id


_WRITES = ("promote", "rollback", "cancel", "pause", "resume", "roll-forward")
_COMMANDS: dict[str, Callable[[Run], Awaitable[Ending]]] = {
    "promote": Run.promote,
    "wait": Run.wait,
    "status": Run.status,
    "list": Run.list_all,
    "cancel": Run.cancel,
    "pause": Run.pause,
    "resume": Run.resume,
    "roll-forward": Run.roll_forward,
    "rollback": Run.rollback,
}
