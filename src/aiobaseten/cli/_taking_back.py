"""Take back what a promotion of ours did, after the wait for it has failed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any

from attrs import evolve

from .. import Cancellation, ChainPromotion, ModelPromotion
from ..errors import (
    BadRequestError,
    BasetenError,
    ConflictError,
    PromotionFailedError,
    PromotionInProgressError,
    PromotionPausedError,
    PromotionSupersededError,
    RequestNotActedOnError,
    ServerError,
    TransportError,
    WaitTimeoutError,
)
from ..events import Event
from ..options import CancellationOptions, RetryPolicy
from ._endings import hints, to_look, to_roll_back, to_see_history
from ._failures import explain_refused_cancel
from ._flags import option_names
from ._invocations import Promote, WaitForToken
from ._jobs import Ending, Job, job_of_cancellation, job_of_promotion
from ._outcomes import Outcome
from ._run import Run

#: Failures after which something of ours may still be there. After the others, somebody else has
#: acted, or the guard has, or Baseten does not let us act.
_OURS_TO_TAKE_BACK = (PromotionFailedError, PromotionPausedError, WaitTimeoutError)
# Baseten answers so if no promotion runs any more.
_REFUSALS = (BadRequestError, ConflictError, RequestNotActedOnError)
# For requests that take back; a write is repeated only if it certainly had no effect.
_PATIENCE = RetryPolicy(attempts=1000, max_delay=30.0, total=600.0, quota=False)
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
    run.cancellable = None
    run.view.note(f"taking back {job}, because the wait for it has failed")
    access = command.access
    try:
        patient = await _patient(run, promotion)
        done = await _take_back(run, command, patient, job, failure.error)
    except PromotionSupersededError as error:
        reason = f"It was not taken back: deployment {error.by} took its place, and stays."
        lines = [*to_look(job, access), *to_see_history(job, access)]
    except PromotionInProgressError:
        is_chain = job.resource.kind == "chain"
        why = "Baseten cannot cancel a chain's promotion" if is_chain else "was not cancelled"
        reason = f"It was not taken back, because it still runs, and {why}: roll it back later."
        lines = [*hints(job, access), *to_roll_back(job, access), *to_look(job, access)]
    except BasetenError as error:
        last = run.job or job
        is_late = isinstance(error, WaitTimeoutError)
        begins = "Taking it back has not ended in time" if is_late else "It was not taken back"
        if isinstance(error, ServerError) or (isinstance(error, TransportError) and error.sent):
            begins = "It is not known whether it is being taken back"  # the answer was lost
        reason = f"{begins}: {explain_refused_cancel(error, command, job)}"
        lines = [*hints(last, access), *to_roll_back(last, access), *to_look(job, access)]
    else:
        return evolve(
            failure,
            outcome=Outcome.ROLLED_BACK,
            message=f"{failure.message} {done}",
            hints=to_look(job, access),
            job=run.job,
        )
    # To go on with a rollback is not to go on with the promotion.
    going = run.job if run.job is not None and run.job.task == "cancellation" else None
    return evolve(failure, message=f"{failure.message} {reason}", hints=lines, job=going)


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
        try:
            cancellation = await promotion.cancel()
        except _REFUSALS:
            pass  # it has ended by now, in whatever way
        else:
            run.begin(job_of_cancellation(cancellation, job.resource))
            known = option_names(CancellationOptions)
            given = {name: options[name] for name in options if name in known}
            await _see_through(run, cancellation.events(**given))
            return "As requested, it was cancelled, and all traffic is on the previous deployment."
    if await _serves_as_before(run, job, promotion):
        before = promotion.previous_id
        serves = "nothing serves" if before is None else f"deployment {before} serves"
        return f"Nothing had to be taken back: {serves}, as before."
    back = await promotion.rollback()
    run.begin(job_of_promotion(back, job.resource, ()), goes_on=False)
    await _see_through(run, back.events(**options))
    return f"As requested, it was rolled back: deployment {back.deployment_id} serves {job.place}."


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
