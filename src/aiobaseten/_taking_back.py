"""Take a guarded promotion back: cancel it, or promote the previous deployment again.

Only what is still ours is acted on. A request whose answer was lost is read back before it is sent
again, and no two are under way.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from typing import Any, Generic

from attrs import define, evolve, field, frozen

from ._cancelling import Fate, Target, cancellation_of, fate_of, read_back
from ._operations import D, E
from ._resource import Resource
from ._rolling_back import EVEN_IF, LOG_FAILS_FOR_S, Ours, check_still_ours
from ._status import PromotionPhase
from ._waiting import PAUSE_MAY_COME, GuardMemory, StoppedError, certain_at
from .errors import (
    AuthenticationError,
    BadRequestError,
    BasetenError,
    ConfigurationError,
    ConflictError,
    Evidence,
    GuardBreachedError,
    GuardError,
    GuardUnavailableError,
    PermissionDeniedError,
    PromotionCanceledError,
    PromotionFailedError,
    PromotionInProgressError,
    PromotionOutcomeUnknownError,
    PromotionSupersededError,
    RequestNotActedOnError,
    WaitError,
    WaitTimeoutError,
)
from .events import (
    Event,
    Finished,
    GuardActed,
    GuardOverridden,
    StatusChanged,
    TrafficShifted,
)
from .promotion import Cancellation, Promotion
from .readings import EnvironmentReading

# Seconds after which a look is too old to tell where the traffic is, without saying so.
_FRESH_S = 5.0
# Seconds between two tries.
_AGAIN_AFTER_S = 5.0
# The same after a cancel that was refused, or could not be sent.
_REFUSED_S = 10.0
# Another try would end alike.
_HOPELESS = (
    AuthenticationError,
    ConfigurationError,
    PermissionDeniedError,
    PromotionSupersededError,
    RequestNotActedOnError,
)
# What a person must know about an act that the audit log could not vouch for.
_MAY_BE_ANOTHERS = (
    "The audit log did not tell whether somebody else had promoted since, so that is not known."
)


@frozen(kw_only=True)
class Verbs:
    """What changes the course of a promotion. Each checks that it is still ours.

    Attributes:
        rollback: Promotes the previous deployment again.
        cancel: Gives the traffic back step by step; ``None`` for chains, as those below.
        force_cancel: Gives it back at once.
        pause: Pauses at the end of the step.
        resume: Resumes.
    """

    rollback: Callable[[], Awaitable[Promotion[Any, Any]]]
    cancel: Callable[[], Awaitable[Cancellation]] | None = None
    force_cancel: Callable[[], Awaitable[Cancellation]] | None = None
    pause: Callable[[], Awaitable[None]] | None = None
    resume: Callable[[], Awaitable[None]] | None = None


@define(kw_only=True)
class TakingBack(Generic[D, E]):
    """Carries out the end that a guard has decided, and says how it went.

    Attributes:
        resource: The chain or model.
        ours: The promotion.
        label: The promotion, to begin a sentence with.
        verbs: Change its course.
        memory: The guard's.
        stopped: The decision, with the evidence of the wait.
        started: When the wait began, on the clock.
        awaits_pause: Whether a pause was asked for that no look has shown.
        has_followed: Whether its looks alone tell that the promotion is ours, so that an audit log
            that fails is not read again.
    """

    resource: Resource[D, E]
    ours: Ours
    label: str
    verbs: Verbs
    memory: GuardMemory
    stopped: StoppedError
    started: float
    awaits_pause: bool
    has_followed: bool
    _began: float = 0.0
    _deadline: float = 0.0
    _last_seen: Any = None
    _is_sent: bool = False
    _is_live: bool = False
    _is_overtaken: bool = False
    _is_paused: bool = False
    _is_logged: bool = True
    _is_over: bool = False
    _has_acted: bool = False
    _percents: set[int] = field(factory=set[int])
    _seen_at: float | None = None
    _fate: str = ""
    _traffic: str = ""
    _advice: str = ""
    _token: str | None = None
    _ended_with: BasetenError | None = None
    _result: Any = None
    _trouble: BasetenError | None = None

    async def events(self) -> AsyncGenerator[Event, None]:
        """The events until traffic is back, or that is given up."""
        how = self.stopped.ends.how
        if how is None:
            self._leave_it()
            return
        self._began = self._now()
        self._deadline = self._began + self.memory.cancel_timeout
        self._is_live = self.stopped.ends.is_live
        self._traffic = "It is not known where the traffic is: look at the environment."
        try:
            async for event in self._take_back(how):
                yield event
        except PromotionSupersededError as error:
            by = "roll forward" if self._is_overtaken else "promote"
            if self.memory.note_overridden(by):
                yield GuardOverridden(at=self._now() - self.started, by=by)
            if self._fate:  # ours was over before
                self._fate += f" Somebody else has promoted deployment {error.by} since."
            elif self._is_sent:
                self._fate = (
                    f"A cancel was sent, and its end was not seen: deployment {error.by} was "
                    "promoted since, and the guard leaves that."
                )
            else:
                why = str(error).replace(EVEN_IF, "").rstrip(".")
                self._fate = f"Somebody else has acted since, and the guard leaves that: {why}."
            self._traffic, self._advice = await self._traffic_now(error.by), ""
            self._trouble = error
        except BasetenError as error:
            self._trouble = error

    def error(self) -> GuardError:
        """The error with which the wait ends."""
        ends, evidence = self.stopped.ends, self.stopped.evidence
        if not self._fate:
            why = f"within {self._took:.0f} s" if self._trouble is None else f"({self._trouble})"
            self._fate = f"It could not be taken back {why}."
            if isinstance(self._ended_with, PromotionFailedError | PromotionCanceledError):
                self._token = None  # what was to take it back has ended
            # The token of the promotion wants its guard, that of the act wants none.
            call = "resume(error.token)" if self._token else "resume(error.token, guard=guard)"
            is_refused = isinstance(self._trouble, AuthenticationError | PermissionDeniedError)
            key = "use another API key and " if is_refused else ""
            self._advice = f"Go on with {call}, or {key}{self._undo()}."
            if self._is_paused:
                self._traffic = f"It is paused. {self._traffic}"
        if self._seen_at is not None and self._now() - self._seen_at > _FRESH_S:
            self._traffic += f" That was seen {self._now() - self._seen_at:.0f} s ago."
        self.memory.report = evolve(self.memory.report, traffic=self._traffic)
        is_breach = ends.cause == "breach"
        did = "found a breach in" if is_breach else "could not measure"
        parts = (self._fate, self._traffic, self._advice)
        message = (
            f"the guard {did} {self.label} at {ends.percent} % of traffic: {ends.why}. "
            + " ".join(part for part in parts if part)
        )
        is_left = isinstance(self._trouble, PromotionSupersededError)
        if self._has_acted and not self._is_logged and not is_left:
            message += f" {_MAY_BE_ANOTHERS}"
        if self.awaits_pause and self._trouble is not None:
            message += f" {PAUSE_MAY_COME}"
        kind = GuardBreachedError if is_breach else GuardUnavailableError
        known = evidence or Evidence(waited=0.0)
        error = kind(
            message,
            evidence=evolve(
                known,
                waited=self._now() - self.started,
                last_seen=self._last_seen or known.last_seen,
                token=self._token or known.token,
                report=self.memory.report,
            ),
        )
        error.__cause__ = self._trouble
        return error

    def _undo(self) -> str:
        """How a person can take it back, in the state that the error describes."""
        target, previous = self.ours.deployment_id, self.ours.previous_id
        if not self._is_live and self.verbs.cancel is not None:
            return "cancel it yourself"
        when = "" if self._is_live else " after its end"
        if previous in (None, target):
            return f"roll back{when} with environment.rollback()"
        return f"take it back{when} with promotion.rollback()"

    # --- leaving it as it is ---------------------------------------------------------------------

    def _leave_it(self) -> None:
        """The policy only stops it, or somebody else has decided otherwise."""
        ends, target, previous = self.stopped.ends, self.ours.deployment_id, self.ours.previous_id
        self._seen_at, self._is_live = self.started + ends.seen_at, ends.is_live
        if ends.is_live:
            self._fate = (
                "Somebody else has rolled it forward, and the guard leaves that."
                if ends.is_overruled
                else "It is live, so that nothing could be stopped."
            )
            self._traffic = f"All traffic is on deployment {target}."
            undo = self._undo()
            self._advice = f"{undo[:1].upper()}{undo[1:]}."
        else:
            self._fate = (
                "It is paused."
                if ends.is_paused
                else "A pause was asked for, and was not seen before the time was over."
            )
            self._traffic = _divided(ends.percent, target, previous)
            go_on = "Go on" if ends.is_paused else "If it pauses, go on"
            self._advice = (
                f"{go_on} with promotion.resume(), or give it back with promotion.cancel()."
            )

    # --- taking it back --------------------------------------------------------------------------

    async def _take_back(self, how: str) -> AsyncGenerator[Event, None]:
        went_down = False
        while self._left() > 0:
            reading = await self._read()
            if reading is None:
                continue
            fate = fate_of(reading, self._target)
            self._is_live = fate is Fate.SERVES
            if self._is_live:
                is_going_back = reading.is_busy and reading.candidate_id == self.ours.previous_id
                if is_going_back and not self.memory.has_taken_back:
                    # Somebody else has promoted it again: that is adopted, and nothing is sent.
                    if self.memory.note_overridden("promote"):
                        yield GuardOverridden(at=self._now() - self.started, by="promote")
                else:
                    yield self._act("rollback")
                await self._roll_back()
                return
            if fate is Fate.OVER and self._may_be_from_before:
                if not self._is_logged or self.verbs.cancel is None or self.stopped.ends.is_live:
                    await self._pause(_AGAIN_AFTER_S)
                    continue
                fate = Fate.RUNS  # the audit log knows of no end
            cancellation = self._cancellation()
            if fate is Fate.RUNS:
                if not self._is_sent:
                    yield self._act(how)
                try:
                    sent = await self._cancel(is_forced=how == "force_cancel")
                except RequestNotActedOnError as refusal:
                    # It cannot be forced; it may still go step by step.
                    self._trouble, how = refusal, "cancel"
                    yield self._act(how)
                    continue
                if sent is None:
                    continue
                cancellation = sent
            self._token = cancellation.token
            async for event in self._followed(cancellation):
                if isinstance(event, StatusChanged):
                    went_down |= event.phase is PromotionPhase.ROLLING_BACK
                yield event
            error, self._last_seen = self._ended_with, self._result
            if error is None:
                await self._is_back()
                return
            if isinstance(error, WaitTimeoutError):
                self._is_on_its_way(error)
                return
            is_ours = (
                isinstance(error, PromotionSupersededError) and error.by == self.ours.deployment_id
            )
            if not is_ours or went_down:
                self._is_overtaken = is_ours
                raise error
            # It had succeeded before the cancel took effect: it is promoted back.

    async def _followed(
        self, act: Cancellation | Promotion[Any, Any]
    ) -> AsyncGenerator[Event, None]:
        """The events of the way back, until it ends or has stood still for too long."""
        while True:
            began = self._now() - self.started
            async with act.events(timeout=self._left()) as events:
                async for event in events:
                    if isinstance(event, Finished):
                        self._ended_with, self._result = event.error, event.result
                        break
                    if isinstance(event, TrafficShifted):
                        self._moved(event.percent)
                    yield evolve(event, at=event.at + began)
            if not isinstance(self._ended_with, WaitTimeoutError) or self._left() <= 0:
                return

    def _moved(self, percent: int) -> None:
        """By default, each step of the way back gets its time: nobody knows how many there are."""
        if percent not in self._percents and self.memory.guard.cancel_timeout is None:
            self._deadline = self._now() + self.memory.cancel_timeout
        self._percents.add(percent)

    async def _is_back(self) -> None:
        """It is cancelled, and somebody else may have promoted another deployment since."""
        if self._is_sent:
            self._fate = "It was cancelled."
        else:
            self._fate = "It was over before the guard could cancel it."
        self._token = None
        reading = await self._read()
        shown = None if reading is None else reading.current_id
        self._traffic, self._seen_at = _traffic_of(self.ours.previous_id or shown), None
        next_step = (
            "fix it, and promote it again"
            if self.stopped.ends.cause == "breach"
            else "find out why it could not be measured before you promote it again"
        )
        self._advice = f"Deployment {self.ours.deployment_id} gets no traffic: {next_step}."

    def _is_on_its_way(self, error: WaitError) -> None:
        self._fate = f"Taking it back goes on; it did not finish within {self._took:.0f} s."
        to = f"to deployment {self.ours.previous_id}" if self.ours.previous_id else "back"
        self._traffic = f"Traffic is on its way {to}."
        self._seen_at = None
        self._advice = "Wait on with resume(error.token)."
        self._last_seen = error.last_seen
        self._trouble = error

    async def _cancel(self, *, is_forced: bool) -> Cancellation | None:
        """Cancel it; ``None`` if Baseten has not acted on that, so that it may be tried again."""
        cancel = self.verbs.force_cancel if is_forced else self.verbs.cancel
        if cancel is None:
            raise ConfigurationError("the promotion of a chain cannot be cancelled")
        was_sent, self._is_sent = self._is_sent, True
        try:
            return await cancel()
        except PromotionSupersededError:
            self._is_sent = was_sent
            raise
        except _HOPELESS:
            raise
        except BasetenError as error:
            self._trouble = error
            # A refusal may mean that it has ended right before, which late servers do not show.
            is_over = isinstance(error, BadRequestError | ConflictError)
            if not error.may_have_acted and not is_over:
                await self._pause(_REFUSED_S)
                return None
        return await self._read_back()

    async def _read_back(self) -> Cancellation | None:
        """Find out whether a cancel has acted; ``None`` if it may be sent again."""
        fate = await read_back(self._model, self._target, look=self._read, pause=self._pause)
        if fate in (None, Fate.RUNS, Fate.SERVES):
            return None
        self._trouble = None
        return self._cancellation()

    async def _roll_back(self) -> None:
        """Promote the previous deployment again, and wait until it serves."""
        while self._left() > 0:
            try:
                promotion = await self.verbs.rollback()
            except PromotionInProgressError as error:
                self._trouble = error  # Baseten may still be busy with the end of ours
                await self._pause(_AGAIN_AFTER_S)
                continue
            except PromotionOutcomeUnknownError as error:
                self._fate, self._trouble = f"{str(error).rstrip('.')}.", error
                self._traffic = f"Traffic was on deployment {self.ours.deployment_id}."
                self._advice = ""
                return
            except BasetenError as error:
                # Right after the end of ours, Baseten may refuse: a promotion is in progress.
                may_pass = error.is_transient or isinstance(error, BadRequestError)
                if isinstance(error, PromotionSupersededError) or not may_pass:
                    raise
                self._trouble = error
                await self._pause(_AGAIN_AFTER_S)
                continue
            self._token = promotion.token
            async for _ in self._followed(promotion):
                pass
            if isinstance(self._ended_with, WaitTimeoutError):
                self._is_on_its_way(self._ended_with)
                return
            if self._ended_with is not None:
                raise self._ended_with
            self._trouble, self._token = None, None
            self._fate = "It was live by then, and the deployment before was promoted again."
            self._traffic, self._seen_at = _traffic_of(promotion.deployment_id), None
            self._advice = f"Fix deployment {self.ours.deployment_id}, and promote it again."
            return

    async def _read(self) -> EnvironmentReading | None:
        """The environment; ``None`` if it could not be read, after a pause.

        Raises:
            PromotionSupersededError: Somebody else has promoted another deployment since.
        """
        try:
            # Each second on a bad deployment costs users.
            patience = 0.0 if self.has_followed else LOG_FAILS_FOR_S
            still = await check_still_ours(
                self.resource, self.ours, may_go_back=True, patience=patience
            )
        except (PromotionSupersededError, ConfigurationError):
            raise
        except BasetenError as error:
            self._trouble = error
            await self._pause(_AGAIN_AFTER_S)
            return None
        reading, self._is_logged, self._is_over = still.reading, still.is_logged, still.is_over
        self._last_seen, self._traffic = reading.value, self._traffic_in(reading)
        self._seen_at, self._is_paused = self._now(), reading.is_paused
        return reading

    async def _traffic_now(self, successor_id: str) -> str:
        """Where the traffic is, if somebody else has promoted another deployment."""
        with suppress(BasetenError):
            reading = await self.resource.read_environment(self.ours.environment)
            if successor_id in (reading.candidate_id, reading.current_id):
                self._seen_at = self._now()
                return self._traffic_in(reading)
        self._seen_at = None
        return f"Traffic is on deployment {successor_id}, or on its way there."

    def _traffic_in(self, reading: EnvironmentReading) -> str:
        """Where the traffic is, for a person."""
        promotion, candidate_id = reading.promotion, reading.candidate_id
        if candidate_id and promotion is not None and promotion.percent and not promotion.is_over:
            return _divided(promotion.percent, candidate_id, reading.current_id)
        return _traffic_of(reading.current_id)

    def _cancellation(self) -> Cancellation:
        """The cancellation, if its answer is not known."""
        return cancellation_of(self._model, self._target)

    @property
    def _target(self) -> Target:
        """What a cancel ends."""
        ours = self.ours
        return Target(ours.environment, ours.deployment_id, ours.previous_id, was_seen=True)

    @property
    def _model(self) -> Resource[Any, Any]:
        """The resource: only models can cancel."""
        return self.resource

    def _act(self, what: str) -> GuardActed:
        self.memory.note_action(what)
        self._has_acted = True
        return GuardActed(at=self._now() - self.started, policy=what, why=self.stopped.ends.why)

    async def _pause(self, seconds: float) -> None:
        await self.resource.sender.connections.pause(min(seconds, max(self._left(), 0.0)))

    @property
    def _may_be_from_before(self) -> bool:
        """Whether a look that does not show it may be older than the one that decided."""
        seen_at = self.started + self.stopped.ends.seen_at
        return not self._is_over and not self._is_sent and self._now() < certain_at(seen_at)

    @property
    def _took(self) -> float:
        """Seconds since it began to take it back."""
        return self._now() - self._began

    def _left(self) -> float:
        return self._deadline - self._now()

    def _now(self) -> float:
        return self.resource.sender.clock.now()


def _divided(percent: int, deployment_id: str, rest_id: str | None) -> str:
    rest = f", the rest on deployment {rest_id}" if rest_id else ""
    return f"{percent} % of the traffic is on deployment {deployment_id}{rest}."


def _traffic_of(deployment_id: str | None) -> str:
    return f"Traffic is on deployment {deployment_id}." if deployment_id else "Nothing serves."
