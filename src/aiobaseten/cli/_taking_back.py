"""Take back what a promotion of ours did, after the wait for it has failed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from functools import partial
from typing import Any

from attrs import evolve

from .. import Cancellation, ChainPromotion, ModelPromotion, PromotionPhase, PromotionReading
from ..errors import (
    BadRequestError,
    BasetenError,
    ConflictError,
    PromotionFailedError,
    PromotionInProgressError,
    PromotionPausedError,
    PromotionSupersededError,
    RollbackImpossibleError,
    WaitTimeoutError,
)
from ..events import Event
from ..options import CancellationOptions, RetryPolicy
from ._endings import hints, to_go_back, to_look, to_roll_back, to_see_history
from ._failures import explain_refused_cancel, without_present
from ._flags import option_names
from ._invocations import Access, Promote, WaitForToken
from ._jobs import Ending, Job, job_of_cancellation, job_of_promotion
from ._outcomes import Outcome
from ._run import Run

#: Failures after which something of ours may still be there. After the others, somebody else has
#: acted, or the guard has, or Baseten does not let us act.
_OURS_TO_TAKE_BACK = (PromotionFailedError, PromotionPausedError, WaitTimeoutError)
# Baseten answers so if no promotion runs any more.
_REFUSALS = (BadRequestError, ConflictError)
# For requests that take back; a write is repeated only if it certainly had no effect.
_PATIENCE = RetryPolicy(attempts=1000, max_delay=30.0, total=600.0, quota=False)
_AFTER_ITS_END = ", after its end"
# Looks, because servers that lag behind may answer in turn.
_LOOKS = 2


async def take_back(
    run: Run,
    command: Promote | WaitForToken,
    promotion: ChainPromotion | ModelPromotion,
    job: Job,
    failure: Ending,
) -> Ending:
    """Take a promotion back if it failed in a way that leaves something of ours.

    It is cancelled if it still runs, and otherwise what served before is promoted again. Somebody
    else's newer release is never touched.

    Args:
        run: The run of the command.
        command: The command.
        promotion: The promotion.
        job: The same, as the subject of the command.
        failure: The ending of the wait for it.
    """
    if not isinstance(failure.error, _OURS_TO_TAKE_BACK):
        return failure
    # From now on, a signal leaves alone what has begun.
    run.on_interrupt = partial(_interrupted, run, job, failure)
    run.view.note(f"the wait for {job} has failed: taking it back if necessary")
    access = command.access
    try:
        patient = await _patient(run, promotion)
        done = await _take_back(run, command, patient, job, failure.error)
    except PromotionSupersededError as error:
        reason = f"It was not taken back: {_who_stays(error, job)}."
        lines = [*to_look(job, access), *to_see_history(job, access)]
    except PromotionInProgressError:
        is_chain = job.resource.kind == "chain"
        why = "Baseten cannot cancel a chain's promotion" if is_chain else "was not cancelled"
        reason = f"It was not taken back, because it still runs, and {why}: roll it back later."
        later = to_roll_back(job, access, when=_AFTER_ITS_END)
        lines = [*hints(job, access), *later, *to_look(job, access)]
    except BasetenError as error:
        reason = f"{_how_far(error)}: {explain_refused_cancel(error, command, job)}"
        undo = _to_undo(error, job, run.job or job, failure, access)
        lines = [*undo, *to_look(job, access)]
    else:
        is_as_before = run.job == job
        message = f"{failure.message} {done}"
        if not is_as_before:
            message = f"{done} Reason: {without_present(failure.message)}"
        short = f"{failure.title}, serves as before"
        if run.job is not None and not is_as_before:
            short = "cancelled" if run.job.task == "cancellation" else "rolled back"
        return evolve(
            failure,
            outcome=Outcome.ROLLED_BACK,
            short=short,
            message=message,
            hints=to_look(job, access),
            job=run.job,
        )
    # To go on with a rollback is not to go on with the promotion.
    going = run.job if run.job is not None and run.job.task == "cancellation" else None
    return evolve(failure, message=f"{failure.message} {reason}", hints=lines, job=going)


def _to_undo(
    error: BasetenError, job: Job, last: Job, failure: Ending, access: Access
) -> Sequence[str]:
    """The commands that may still help, in the state after taking it back has failed.

    Args:
        error: Why that has failed.
        job: The promotion.
        last: What takes it back, if that has begun; otherwise, the promotion.
        failure: The ending of the wait for it.
        access: How to reach Baseten.
    """
    if last != job:
        # Whoever rolled the rollback back would promote the failure again, and what is being
        # cancelled cannot be rolled back.
        return hints(last, access, cancels=False)
    back = to_roll_back(job, access)
    if isinstance(error, RollbackImpossibleError):
        back = to_go_back(job, access)
    if isinstance(failure.error, PromotionFailedError):
        return back  # it has ended
    if isinstance(error, RollbackImpossibleError):
        return [*hints(job, access, cancels=False), *back]
    return [*hints(job, access), *to_roll_back(job, access, when=_AFTER_ITS_END)]


def _who_stays(error: PromotionSupersededError, job: Job) -> str:
    if error.by != job.deployment:
        return f"deployment {error.by} was promoted after it, and stays"
    if _is_by_hand(error):
        return f"somebody has rolled it forward: deployment {error.by} serves and stays"
    if _was_rolled_forward(error):
        return "somebody has rolled it forward or promoted it again, and that stays"
    return f"somebody has promoted deployment {error.by} again, and that stays"


def _how_far(error: BasetenError) -> str:
    if error.may_have_acted:
        return "It is not known whether it is being taken back"
    if isinstance(error, WaitTimeoutError):
        return "Taking it back has not ended in time"
    return "It was not taken back"


async def _interrupted(run: Run, job: Job, failure: Ending, outcome: Outcome) -> Ending:
    """The ending after a signal: what takes the promotion back goes on, if it has begun."""
    begun, access = run.job, run.command.access
    if begun is None or begun == job:
        message = (
            f"{outcome.label} while taking back {job}: the cancel or the rollback may have begun"
        )
        has_ended = isinstance(failure.error, PromotionFailedError)
        back = to_roll_back(job, access, when="" if has_ended else _AFTER_ITS_END)
        lines = [*to_look(job, access), *back]
    else:
        message = f"{outcome.label} while taking back {job}: {begun} continues at Baseten"
        lines = [*hints(begun, access, cancels=False), *to_look(job, access)]
    going = begun if begun is not None and begun.task == "cancellation" else None
    return evolve(failure, outcome=outcome, message=message, hints=lines, job=going)


async def _patient(
    run: Run, promotion: ChainPromotion | ModelPromotion
) -> ChainPromotion | ModelPromotion:
    """The same promotion, whose requests are repeated for longer: an outage may have ended it."""
    client = run.client.with_options(retry=_PATIENCE)
    resumed = await client.resume(promotion.token, look=False, guard=None)
    assert not isinstance(resumed, Cancellation)  # noqa: S101 - it is the token of a promotion
    return resumed


async def _take_back(
    run: Run,
    command: Promote | WaitForToken,
    promotion: ChainPromotion | ModelPromotion,
    job: Job,
    error: BasetenError,
) -> str:
    """The sentence about it, after it has succeeded.

    Raises:
        BasetenError: It was not possible, or did not end in time.
    """
    options: Mapping[str, Any] = command.wait_options
    if isinstance(promotion, ModelPromotion) and not isinstance(error, PromotionFailedError):
        is_cancelled = await _is_cancelled(run, promotion, job, options)
        if is_cancelled:
            return (
                f"As requested, {job} was cancelled, and all traffic is on the previous deployment."
            )
    run.job = job  # a cancel was refused or came too late
    if await _serves_as_before(run, job, promotion):
        before = promotion.previous_id
        serves = "nothing serves" if before is None else f"deployment {before} serves"
        return f"Nothing had to be taken back: {serves}, as before."
    back = await promotion.rollback()
    run.begin(job_of_promotion(back, job.resource, ()), goes_on=False)
    await _see_through(run, back.events(**options))
    return (
        f"As requested, {job} was rolled back: deployment {back.deployment_id} serves {job.place}."
    )


async def _is_cancelled(
    run: Run, promotion: ModelPromotion, job: Job, options: Mapping[str, Any]
) -> bool:
    """Cancel it, and wait until the traffic is back. Returns whether it had not ended before.

    Raises:
        BasetenError: It was not possible, or did not end in time.
    """
    try:
        cancellation = await promotion.cancel()
    except _REFUSALS:
        return False  # it has ended by now, in whatever way
    run.begin(job_of_cancellation(cancellation, job.resource))
    known = option_names(CancellationOptions)
    try:
        await _see_through(
            run,
            cancellation.events(**{name: options[name] for name in options if name in known}),
        )
    except PromotionSupersededError as error:
        if error.by != promotion.deployment_id or _was_rolled_forward(error):
            raise
        return False  # it had succeeded before the cancel took effect
    return True


def _is_by_hand(error: PromotionSupersededError) -> bool:
    """Whether the audit log tells that somebody has rolled it forward."""
    act = error.evidence.act if error.evidence is not None else None
    return act is not None and act.action == "rolled forward"


def _was_rolled_forward(error: PromotionSupersededError) -> bool:
    """Whether somebody has given it all traffic although it was going back."""
    phases = {
        PromotionReading(status=one.status, percent=0).phase
        for one in error.history
        if one.subject == "promotion"
    }
    return _is_by_hand(error) or PromotionPhase.ROLLING_BACK in phases


async def _see_through(run: Run, events: AsyncGenerator[Event, None]) -> None:
    """Show what takes the promotion back until it is done.

    Raises:
        BasetenError: It failed, or did not end in time.
    """
    finished = await run.show(events)
    if finished.error is not None:
        raise finished.error


async def _serves_as_before(run: Run, job: Job, promotion: ChainPromotion | ModelPromotion) -> bool:
    """Whether no promotion runs, and what served before it serves."""
    name = promotion.environment_name
    for _ in range(_LOOKS):
        if job.resource.kind == "model":
            reading = await run.client.model(job.resource.id).environment(name).read()
        else:
            reading = await run.client.chain(job.resource.id).environment(name).read()
        if reading.is_busy or reading.current_id != promotion.previous_id:
            return False
    return True
