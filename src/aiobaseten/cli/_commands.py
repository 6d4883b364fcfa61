"""Execute each command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import assert_never

from .. import (
    Baseten,
    Cancellation,
    ChainEnvironmentHandle,
    ChainHandle,
    ModelEnvironmentHandle,
    ModelHandle,
    ModelPromotion,
)
from ..errors import BasetenError
from ..schemas import Deployment
from ._endings import failed
from ._invocations import (
    Cancel,
    Change,
    EnvironmentRef,
    List,
    Pause,
    Promote,
    ResourceRef,
    Resume,
    Rollback,
    RollForward,
    Status,
    WaitForDeployment,
    WaitForToken,
)
from ._jobs import DeploymentRow, Ending, Job
from ._outcomes import Outcome
from ._run import Run
from ._waits import follow_cancellation, follow_deployment, follow_promotion, job_of_promotion

_EFFECTS: dict[type, str] = {
    Pause: "will pause at the end of its step",
    Resume: "continues",
    RollForward: "gets all traffic immediately",
}


async def execute(run: Run) -> Ending:
    """Execute the command. Cancelling this ends a wait, and nothing at Baseten."""
    try:
        return await _execute(run)
    except BasetenError as error:
        return failed(error, run.command, run.job)


async def _execute(run: Run) -> Ending:
    command = run.command
    match command:
        case Promote():
            return await _promote(run, command)
        case WaitForToken():
            return await _wait_for_token(run, command)
        case WaitForDeployment():
            return await follow_deployment(run, command)
        case Status():
            return await _status(run, command)
        case List():
            return await _list(run, command)
        case Rollback():
            return await _rollback(run, command)
        case Cancel():
            return await _cancel(run, command)
        case Pause() | Resume() | RollForward():
            return await _signal(run, command)
        case _:
            assert_never(command)


async def _promote(run: Run, command: Promote) -> Ending:
    place = command.environment
    run.job = Job(
        task="promotion",
        resource=place.resource,
        environment=place.name,
        deployment=command.deployment,
    )
    waits = command.options.get("if_in_progress") == "wait"
    queued = ", after the promotion that is running, if any" if waits else ""
    # First, because an invalid id must not be shown: it may be the API key.
    environment = _environment(run.client, place)
    _handle(run.client, place.resource).deployment(command.deployment)
    run.view.note(f"promoting deployment {command.deployment} to {place}{queued}")
    promotion = await environment.promote(
        command.deployment, before_sending=run.before_sending, **command.options
    )
    return await follow_promotion(run, command, promotion, place.resource)


async def _wait_for_token(run: Run, command: WaitForToken) -> Ending:
    resource = command.token.resource
    resumed = await run.client.resume(command.token.text)
    if isinstance(resumed, Cancellation):
        return await follow_cancellation(run, command, resumed, resource)
    return await follow_promotion(run, command, resumed, resource)


async def _status(run: Run, command: Status) -> Ending:
    place = command.environment
    run.job = Job(task="environment", resource=place.resource, environment=place.name)
    run.view.environment(place, await _environment(run.client, place).read())
    return Ending(outcome=Outcome.DONE, message="")


async def _list(run: Run, command: List) -> Ending:
    run.job = Job(task="resource", resource=command.resource)
    handle = _handle(run.client, command.resource)
    environments = await handle.read_environments()
    deployments = [
        DeploymentRow(
            id=one.id,
            name=one.name if isinstance(one, Deployment) else None,
            status=str(one.status),
            environment=one.environment,
            created_at=one.created_at.isoformat(timespec="seconds"),
        )
        for one in await handle.list_deployments()
    ]
    run.view.listing(command.resource, environments, deployments)
    return Ending(outcome=Outcome.DONE, message="")


async def _rollback(run: Run, command: Rollback) -> Ending:
    resource = command.token.resource
    resumed = await run.client.resume(command.token.text)
    assert not isinstance(resumed, Cancellation)  # noqa: S101 - the arguments were checked
    run.job = job_of_promotion(resumed, resource)
    return await follow_promotion(run, command, await resumed.rollback(), resource)


async def _cancel(run: Run, command: Cancel) -> Ending:
    promotion, job = await _running_promotion(run, command)
    if isinstance(promotion, ModelPromotion):
        cancelling = promotion.force_cancel() if command.force else promotion.cancel()
    elif command.force:
        cancelling = promotion.force_cancel_promotion()
    else:
        cancelling = promotion.cancel_promotion()
    cancellation = await cancelling
    return await follow_cancellation(run, command, cancellation, job.resource)


async def _signal(run: Run, command: Pause | Resume | RollForward) -> Ending:
    promotion, job = await _running_promotion(run, command)
    send: dict[type, Callable[[], Awaitable[None]]]
    if isinstance(promotion, ModelPromotion):
        send = {
            Pause: promotion.pause,
            Resume: promotion.resume,
            RollForward: promotion.force_roll_forward,
        }
    else:
        send = {
            Pause: promotion.pause_promotion,
            Resume: promotion.resume_promotion,
            RollForward: promotion.force_roll_forward_promotion,
        }
    await send[type(command)]()
    subject = str(job) if job.task == "promotion" else f"the promotion to {job.place}"
    return Ending(outcome=Outcome.DONE, message=f"{subject} {_EFFECTS[type(command)]}")


async def _running_promotion(
    run: Run, command: Change
) -> tuple[ModelPromotion | ModelEnvironmentHandle, Job]:
    """The promotion to change, by its token or by its environment; and the subject."""
    if isinstance(command.promotion, EnvironmentRef):
        place = command.promotion
    else:
        resource = command.promotion.resource
        resumed = await run.client.resume(command.promotion.text)
        if isinstance(resumed, ModelPromotion):
            run.job = job = job_of_promotion(resumed, resource)
            return resumed, job
        place = EnvironmentRef(resource, resumed.environment_name)
    run.job = job = Job(task="environment", resource=place.resource, environment=place.name)
    return run.client.model(place.resource.id).environment(place.name), job


def _handle(client: Baseten, resource: ResourceRef) -> ChainHandle | ModelHandle:
    if resource.kind == "model":
        return client.model(resource.id)
    return client.chain(resource.id)


def _environment(
    client: Baseten, place: EnvironmentRef
) -> ChainEnvironmentHandle | ModelEnvironmentHandle:
    return _handle(client, place.resource).environment(place.name)
