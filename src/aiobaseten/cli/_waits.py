"""Wait for what a command has started, show the events, and cancel if the user asked for it."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from attrs import evolve

from .. import Cancellation, ChainPromotion, ModelPromotion
from ..errors import BasetenError, WaitTimeoutError
from ..events import Event
from . import _stdio
from ._endings import accepted, failed, hints, interrupted, interrupted_early
from ._failures import explain_refused_cancel, without_present
from ._invocations import (
    Cancel,
    Promote,
    ResourceRef,
    Rollback,
    WaitForDeployment,
    WaitForToken,
    WaitingInvocation,
)
from ._jobs import Ending, Job, job_of_cancellation, job_of_promotion, words_to_go_on
from ._names import check_words, find_deployment, find_resource
from ._outcomes import Outcome
from ._run import Run
from ._taking_back import take_back


async def follow_promotion(
    run: Run,
    command: Promote | Rollback | WaitForToken,
    promotion: ChainPromotion | ModelPromotion,
    resource: ResourceRef,
) -> Ending:
    """Show a promotion that has started, and wait for it if the user asked for it."""
    job = job_of_promotion(promotion, resource, words_to_go_on(command))
    run.followed = promotion
    run.cancellable = promotion if isinstance(promotion, ModelPromotion) else None
    run.begin(job)
    if not command.wait:
        return accepted(job, command)
    events = promotion.events(**run.wait_options(command))
    ending = await _watch(run, job, events, f"deployment {job.deployment} serves {job.place}")
    if isinstance(ending.error, WaitTimeoutError) and command.cancel_on_timeout:
        return await _cancel(run, job, ending, f"{ending.message} As requested, ")
    if not isinstance(command, Rollback) and command.rollback_on_failure:
        return await take_back(run, command, promotion, job, ending)
    return ending


async def follow_cancellation(
    run: Run, command: Cancel | WaitForToken, cancellation: Cancellation, resource: ResourceRef
) -> Ending:
    """Show a cancellation that has started, and wait for it if the user asked for it."""
    job = job_of_cancellation(cancellation, resource)
    run.begin(job)
    if not command.wait:
        reply = f"{cancellation.status}: {cancellation.message}" if cancellation.status else ""
        return Ending(
            outcome=Outcome.DONE,
            message=f"Baseten has accepted {job}. {reply}".rstrip(),
            hints=hints(job, command.access),
            only_began=True,
        )
    events = cancellation.events(**run.wait_options(command))
    return await _watch(
        run, job, events, f"{job} is finished; all traffic is on the previous deployment"
    )


async def follow_deployment(run: Run, command: WaitForDeployment) -> Ending:
    """Wait until a deployment is ready."""
    check_words(run, command.resource, environment=None, deployment=command.deployment)
    run.tell_defaults()
    handle, resource = await find_resource(run, command.resource)
    deployment = await find_deployment(run, handle, command.deployment, command.environment)
    job = Job(task="deployment", resource=resource, deployment=deployment)
    events = handle.deployment(deployment).events(**run.wait_options(command))
    run.begin(job)
    return await _watch(run, job, events, f"{job} is ready")


async def interrupt(run: Run, outcome: Outcome) -> Ending:
    """The ending of a command that a signal interrupted, after cancelling what it should cancel."""
    command, job = run.command, run.job
    run.view.close()
    if run.on_interrupt is not None:
        return await run.on_interrupt(outcome)
    if job is None or not run.has_begun:
        ending = interrupted_early(outcome, command, job)
        return await _cancel_if_found(run, ending)
    if not isinstance(command, WaitingInvocation):
        return Ending(outcome=outcome, message=outcome.label)  # it only looked
    cancels = command.cancel_on_interrupt
    if cancels and run.cancellable is not None:
        # First, because another signal ends the process.
        _stdio.hint(f"token: {job.token}")
        return await _cancel(run, job, Ending(outcome=outcome, message=""), f"{outcome.label}; ")
    return interrupted(outcome, command, job)


async def _cancel_if_found(run: Run, ending: Ending) -> Ending:
    """Cancel a promotion whose response was not awaited, if the user asked for it.

    Args:
        run: The run of the command.
        ending: The ending if it is not found that the promotion has started.
    """
    command, sent = run.command, ending.job
    if sent is None or sent.token is None:
        return ending
    if not isinstance(command, Promote) or not command.cancel_on_interrupt:
        return ending
    # First, because another signal ends the process.
    _stdio.hint(f"token: {sent.token}")
    try:
        # It is cancelled, with or without its guard.
        promotion = await run.client.resume(sent.token, guard=None)
    except BasetenError:
        return ending
    assert isinstance(promotion, ModelPromotion)  # noqa: S101 - the arguments were checked
    run.cancellable = promotion
    run.job = job_of_promotion(promotion, sent.resource, words_to_go_on(command))
    found = Ending(outcome=ending.outcome, message="", job=run.job)
    return await _cancel(run, run.job, found, f"{ending.outcome.label}; ")


async def _watch(run: Run, job: Job, events: AsyncGenerator[Event, None], success: str) -> Ending:
    """Show all events of a wait.

    Args:
        run: The run of the command.
        job: The subject of the command.
        events: The events, which end with `Finished`.
        success: The message if the wait succeeds.
    """
    finished = await run.show(events)
    if finished.error is not None:
        return failed(finished.error, run.command, job, waited=finished.at)
    return Ending(outcome=Outcome.DONE, message=success, waited=finished.at)


async def _cancel(run: Run, job: Job, ending: Ending, beginning: str) -> Ending:
    """Cancel the promotion.

    Args:
        run: The run of the command.
        job: The promotion.
        ending: The ending of the wait for it.
        beginning: The beginning of the message.
    """
    assert run.cancellable is not None  # noqa: S101 - the arguments were checked
    access = run.command.access
    try:
        cancellation = await run.cancellable.cancel()
    except BasetenError as error:
        reason = explain_refused_cancel(error, run.command, job)
        said = f"{beginning}{job} could not be cancelled: {reason}"
        if error.may_have_acted:
            before = without_present(beginning)
            said = f"{before}it is not known whether {job} was cancelled: {reason}"
        return evolve(
            ending,
            message=said,
            hints=hints(job, access, cancels=error.is_transient),
        )
    # RAMPING_DOWN takes a while, and the command must end now.
    job = evolve(job, task="cancellation", token=cancellation.token, guard_words=())
    says = f": Baseten says {cancellation.status}" if cancellation.status else ""
    return evolve(
        ending,
        message=f"{without_present(beginning)}{run.job} was cancelled{says}",
        hints=hints(job, access),
        job=job,
    )
