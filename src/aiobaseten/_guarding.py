"""The effects of a guard: it measures, asks the caller's checks, pauses, resumes, and takes back.

The decisions are pure, in `_waiting/guard*.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Generic

from attrs import define, evolve

from ._arguments import count, json_object
from ._asking import Asking
from ._audit_log import Whose
from ._operations import D, E
from ._resource import ReadAuditLog, Resource
from ._rolling_back import Ours
from ._taking_back import TakingBack, Verbs
from ._token import Token
from ._verdict import Verdict
from ._waiting import (
    GO_ON_GUARDED,
    LOG_UNREADABLE,
    PAUSE_MAY_COME,
    Actions,
    Answer,
    AskWhoPaused,
    Errand,
    GuardMemory,
    GuardPolicy,
    GuardTracker,
    Look,
    Measure,
    Measurement,
    PromotionTracker,
    Signal,
    StoppedError,
    Wait,
    judge,
    tell,
    whose_pause,
)
from .errors import (
    BasetenError,
    ConfigurationError,
    Evidence,
    GuardBreachedError,
    GuardError,
    GuardUnavailableError,
    NotFoundError,
    PermissionDeniedError,
    PromotionCanceledError,
    PromotionSupersededError,
    RequestNotActedOnError,
    WaitError,
    WaitTimeoutError,
)
from .events import Event, Finished, GuardOverridden
from .guard import MEASURE_EVERY_S, Guard, GuardedStep
from .readings import EnvironmentReading

#: Seconds after which a request for metrics is given up: the next one is due in a minute.
_METRICS_TIMEOUT_S = 20.0

_LOG = logging.getLogger("aiobaseten")
_STABILIZATION = "stabilization_time_seconds"

#: Reads what a deployment did in a window. Never raises, but for a client that was closed.
ReadMetrics = Callable[[str, datetime, datetime], Awaitable[Measurement]]


@define(kw_only=True)
class GuardedWait(Generic[D, E]):
    """A wait for a guarded promotion, and the acts of its guard.

    Attributes:
        resource: The chain or model.
        tracker: Decides.
        look: Reads the environment.
        timeout: Seconds; infinity for no limit.
        actions: What the wait may do besides looking.
        memory: What the promotion remembers from one wait to the next.
        ours: The promotion.
        verbs: Change the promotion's course.
        read_metrics: Reads what a deployment did in a window; ``None`` for chains.
    """

    resource: Resource[D, E]
    tracker: GuardTracker
    look: Look[EnvironmentReading]
    timeout: float
    actions: Actions
    memory: GuardMemory
    ours: Ours
    verbs: Verbs
    read_metrics: ReadMetrics | None = None
    _log_trouble: str = ""

    async def news(self) -> None:
        """Nothing: its result begins the wait."""

    def leave(self) -> None:
        """Nothing: its result ends the wait."""

    async def result(self) -> Any:
        """The result of the wait.

        Raises:
            BasetenError: The wait failed, or the guard has ended the promotion.
        """
        result = None
        async with aclosing(self.events()) as events:
            async for event in events:
                if isinstance(event, Finished):
                    result = event.result
        return result

    async def events(self) -> AsyncGenerator[Event, None]:
        """The events of the wait, as they are seen; `Finished` comes last.

        Raises:
            BasetenError: After `Finished`, the error that it names.
        """
        clock = self.resource.sender.clock
        with self.memory.guarding(), Asking(clock) as asking:
            started = clock.now()
            self.memory.follow(self.tracker.policy)
            finished: Finished | None = None
            who, why = self.actions.who, self.actions.why
            actions = evolve(
                self.actions,
                perform=partial(self._perform, started=started, asking=asking),
                report=lambda: self.tracker.policy.report,
                go_on=f" The guard has stopped: what comes next is not measured.{GO_ON_GUARDED}",
                who=who and evolve(who, advice=GO_ON_GUARDED),
                why=why and evolve(why, advice=GO_ON_GUARDED),
            )
            wait = Wait(self.resource.polls, self.tracker, self.look, self.timeout, lambda: actions)
            async with aclosing(wait.events()) as events:
                async for event in events:
                    self.memory.report = self.tracker.policy.report
                    if isinstance(event, Finished):
                        finished = event
                        break
                    yield event
            if finished is None or finished.error is None:
                if finished is not None:
                    yield finished
                return
            error: BasetenError = finished.error
            if isinstance(error, WaitTimeoutError):
                error = self.tracker.stopping(error) or error
            if isinstance(error, StoppedError):
                taking_back = TakingBack(
                    resource=self.resource,
                    ours=self.ours,
                    label=self.tracker.label,
                    verbs=self.verbs,
                    memory=self.memory,
                    stopped=error,
                    started=started,
                    awaits_pause=self.tracker.policy.awaits_pause,
                    has_followed=self.tracker.has_followed,
                )
                async for event in taking_back.events():
                    yield event
                error = taking_back.error()
            elif isinstance(error, PromotionCanceledError | PromotionSupersededError):
                by = "cancel" if isinstance(error, PromotionCanceledError) else "promote"
                # What was over before this wait saw it has overridden no guard of this wait.
                is_others = self.tracker.policy.has_guarded and not self.memory.has_taken_back
                if is_others and self.memory.note_overridden(by):
                    yield GuardOverridden(at=finished.at, by=by)
            self._complete(error)
            yield Finished(at=clock.now() - started, result=None, error=error)
            raise error

    def _complete(self, error: BasetenError) -> None:
        """The message tells what is left of pauses, and the last report belongs to the evidence."""
        if not isinstance(error, GuardError) and self.tracker.policy.awaits_pause:
            tell(error, PAUSE_MAY_COME, GO_ON_GUARDED)
        if isinstance(error, WaitTimeoutError) and self._log_trouble:
            tell(error, f"The guard has not resumed it: {self._log_trouble}.", GO_ON_GUARDED)
        if isinstance(error, WaitError) and error.evidence is not None:
            error.evidence = evolve(error.evidence, report=self.memory.report)

    # --- errands ---------------------------------------------------------------------------------

    async def _perform(self, errand: Errand, *, started: float, asking: Asking) -> Any:
        if isinstance(errand, Measure):
            return await self._measure(errand, started, asking)
        if isinstance(errand, AskWhoPaused):
            return await self._is_our_pause()
        return await self._signal(errand)

    async def _is_our_pause(self) -> bool | None:
        """Whether our API key has paused it; ``None`` if neither audit log nor token tell."""
        try:
            told = await self._whose_pause(1)
        except ConfigurationError:
            raise
        except (BasetenError, TimeoutError) as error:
            self._note_log(error)
            told = None
        if told is None:
            # The log is asked once more before it is resumed.
            return True if self.memory.was_held else None
        return told == "ours"

    async def _whose_pause(self, most: int) -> Whose | None:
        """Whose the pause is; ``None`` if the log does not tell, or the key may not read it.

        Raises:
            BasetenError: The log could not be read. That tells nothing.
            TimeoutError: Not in time.
        """
        resource, target = self.resource, self.ours.deployment_id
        read = ReadAuditLog(resource, self.ours.environment)
        try:
            entries = await resource.polls.follow_ups.once(read)
        except (PermissionDeniedError, NotFoundError) as error:
            self._note_log(error)
            return None
        self._log_trouble = ""
        return whose_pause(entries, target, await resource.ourselves(entries), most)

    def _note_log(self, error: BaseException) -> None:
        why = str(error).rstrip(".") or "no answer in time"
        self._log_trouble = f"{LOG_UNREADABLE} ({why})"

    async def _signal(self, signal: Signal) -> Answer | PromotionSupersededError:
        """Send a signal; returns what is known of its effect, or that ours is over."""
        send = self.verbs.pause if signal.action == "pause" else self.verbs.resume
        if send is None:
            return "refused"
        if signal.action == "resume":
            # Somebody may have paused it on top of ours since.
            try:
                whose = await self._whose_pause(signal.most)
            except ConfigurationError:
                raise
            except (BasetenError, TimeoutError) as error:
                self._note_log(error)
                return "no log"
            if whose is not None and whose != "ours":
                return whose
        self._log_trouble = ""
        try:
            await send()
        except ConfigurationError:
            raise
        except RequestNotActedOnError:
            return "refused"
        except PromotionSupersededError as error:
            # The log tells of another promotion of the same deployment, which no look does. Of
            # another deployment, a look may be out of date: those of the wait decide.
            return error if error.by == self.ours.deployment_id else "not sent"
        except BasetenError as error:
            return "sent" if error.may_have_acted else "not sent"
        return "sent"

    async def _measure(
        self, errand: Measure, started: float, asking: Asking
    ) -> tuple[Verdict, ...]:
        """The verdict of each check."""
        guard, verdicts = self.memory.guard, dict[str, Verdict]()
        if guard.metric_checks:
            new, old = await self._read(errand, started)
            judged = judge(
                guard.metric_checks,
                new,
                old,
                min_requests=guard.min_requests,
                is_alone=errand.is_alone,
            )
            verdicts = {one.check: one for one in judged}
        step = GuardedStep(
            kind=self.resource.kind,
            resource_id=self.resource.id,
            environment_name=self.ours.environment,
            deployment_id=self.ours.deployment_id,
            previous_id=errand.old_id,
            percent=errand.percent,
        )
        for one in await asking.ask(guard.own_checks, step):
            verdicts[one.check] = one
        return tuple(verdicts[one.name] for one in guard.checks)

    async def _read(
        self, errand: Measure, started: float
    ) -> tuple[Measurement, Measurement | None]:
        """What the new deployment and the one that serves did in the window."""
        clock = self.resource.sender.clock
        ids = [self.ours.deployment_id]
        if not errand.is_alone and errand.old_id is not None:
            ids.append(errand.old_id)
        now = self.memory.measured_at = clock.now()
        today = self.resource.sender.server_time() - timedelta(seconds=now - started)
        start = today + timedelta(seconds=errand.start)
        end = today + timedelta(seconds=errand.end)
        async with asyncio.TaskGroup() as group:
            reads = [group.create_task(self._read_one(one, start, end)) for one in ids]
        measured = [read.result() for read in reads]
        return measured[0], measured[1] if len(measured) > 1 else None

    async def _read_one(self, deployment_id: str, start: datetime, end: datetime) -> Measurement:
        clock = self.resource.sender.clock
        scope = clock.timeout_at(clock.now() + _METRICS_TIMEOUT_S)
        try:
            async with scope:
                if self.read_metrics is None:
                    raise ConfigurationError("chains have no metrics")
                return await self.read_metrics(deployment_id, start, end)
        except TimeoutError:
            if not scope.expired():
                raise
            trouble = f"no answer within {_METRICS_TIMEOUT_S:g} s"
            return Measurement(deployment_id=deployment_id, start=start, end=end, trouble=trouble)


def guard_tracker(
    promotion: PromotionTracker, memory: GuardMemory, now: float, *, has_steps: bool = True
) -> GuardTracker:
    """Follows a guarded promotion, for a wait that begins at the time *now* on the clock."""
    policy = GuardPolicy(
        memory.guard,
        memory.hold,
        has_steps=has_steps,
        not_before=memory.measured_at + MEASURE_EVERY_S - now,
        pause_before=memory.pause,
        pauses_sent=memory.pauses_sent,
        report=memory.report_from(now),
    )
    return GuardTracker(promotion, policy)


# --- before the request is sent ------------------------------------------------------------------


def guarded_override(guard: Guard, given: Mapping[str, Any] | None) -> dict[str, Any]:
    """The settings that a guard needs for this promotion alone, on top of the caller's.

    Raises:
        ConfigurationError: The caller's settings leave the guard nothing to measure.
    """
    settings = json_object("promotion_settings_override", given or {})
    if settings.get("rolling_deploy") is False:
        raise ConfigurationError(
            "a guard needs rolling_deploy: without steps there is nothing to measure before all "
            "traffic has moved; leave it out of promotion_settings_override"
        )
    config = json_object("rolling_deploy_config", settings.get("rolling_deploy_config") or {})
    hold = config.get(_STABILIZATION)
    if hold is None:
        hold = guard.stabilization
    if count(_STABILIZATION, hold, least=0) < guard.stabilization:
        raise ConfigurationError(
            f"{_STABILIZATION} is {hold} in promotion_settings_override, and this guard needs "
            f"{guard.stabilization} to measure a step: leave it out, or make window, lag and "
            "warmup shorter"
        )
    config = {**config, _STABILIZATION: hold}
    return {**settings, "rolling_deploy": True, "rolling_deploy_config": config}


def hold_of(override: Mapping[str, Any]) -> float:
    """Seconds for which Baseten holds each step, as sent."""
    return float(override["rolling_deploy_config"][_STABILIZATION])


def warn_of_adoption(resource: Resource[Any, Any], environment: str, deployment_id: str) -> None:
    """Warn that a promotion was begun without the settings that its guard needs."""
    _LOG.warning(
        "the promotion of deployment %s to %s was adopted, and may have begun without the settings "
        "of this guard: steps that have passed by now are not measured, and if Baseten does not "
        "hold a step, the guard pauses it. Nothing shows whether another process guards it, too",
        deployment_id,
        resource.environment_label(environment),
    )


def check_for_chain(guard: Guard) -> None:
    """Check that a guard can work for a chain.

    Raises:
        ConfigurationError: It cannot.
    """
    if guard.metric_checks:
        raise ConfigurationError(
            f"chains have no metrics, so a guard of a chain cannot check "
            f"{guard.metric_checks[0].name}: give it checks of yours alone"
        )
    if guard.on_breach == "pause" or guard.hold == "pause":
        raise ConfigurationError(
            'the promotion of a chain cannot be paused: leave out "pause" in on_breach and hold'
        )


async def check_before(
    resource: Resource[Any, Any], memory: GuardMemory, token: str, label: str
) -> None:
    """Ask the caller's checks about a chain's deployment that gets no traffic yet.

    Raises:
        GuardError: They do not pass, or have no answer. Nothing was sent.
    """
    guard, known, clock = memory.guard, Token.load(token), resource.sender.clock
    started = clock.now()
    step = GuardedStep(
        kind=resource.kind,
        resource_id=resource.id,
        environment_name=known.environment_name,
        deployment_id=known.deployment_id or "",
        previous_id=known.previous_id,
        percent=0,
    )
    policy = GuardPolicy(guard, hold=0.0, has_steps=False)
    errand = policy.before(0.0)
    with Asking(clock) as asking:
        while True:
            verdicts = tuple(await asking.ask(guard.own_checks, step))
            policy.measured(errand, verdicts, clock.now() - started)
            if policy.is_stopping:
                break
            if policy.may_be_sent:
                memory.note_checked(policy.report, started)
                return
            await resource.sender.connections.pause(MEASURE_EVERY_S)
    ends = policy.ends()
    kind = GuardBreachedError if ends.cause == "breach" else GuardUnavailableError
    did = "found a breach in" if ends.cause == "breach" else "could not check"
    raise kind(
        f"the guard {did} deployment {step.deployment_id}: {ends.why}. It was not promoted to "
        f"{label}, and nothing was sent",
        evidence=Evidence(waited=clock.now() - started, report=policy.report),
    )
