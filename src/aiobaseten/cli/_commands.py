"""Execute each command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import assert_never

from .. import Cancellation, ChainEnvironmentHandle, ModelEnvironmentHandle, ModelPromotion
from ..errors import BasetenError
from ..events import EnvironmentChanged, Finished
from ..schemas import Deployment
from ._endings import failed
from ._flags import in_shell
from ._invocations import (
    Cancel,
    Change,
    ChangeEnvironment,
    EnvironmentRef,
    EnvironmentWord,
    History,
    List,
    Logs,
    Pause,
    PlanPromotion,
    Promote,
    PromoteSeveral,
    ResourceRef,
    Resume,
    Rollback,
    RollForward,
    ShowMetrics,
    Status,
    WaitForDeployment,
    WaitForSeveral,
    WaitForToken,
)
from ._jobs import (
    DeploymentRow,
    Ending,
    Job,
    ResourceRow,
    ShownEnvironment,
    ShownHistory,
    ShownPlan,
    ShownResource,
    ShownResources,
    job_of_promotion,
    words_to_go_on,
)
from ._names import check_words, find_deployment, find_environment, find_resource, named
from ._outcomes import Outcome
from ._reading import show_logs, show_metrics
from ._run import Run
from ._several import Release
from ._text import told_text, told_time
from ._waits import (
    follow_cancellation,
    follow_deployment,
    follow_promotion,
)

_EFFECTS: dict[type, str] = {
    Pause: "will pause at the end of its step",
    Resume: "is resumed",
    RollForward: "gets all traffic immediately",
}


_DONE = {"create": "created", "update": "changed", "delete": "deleted"}


async def execute(run: Run) -> Ending:
    """Execute the command. Cancelling this ends a wait, and nothing at Baseten."""
    try:
        return await _execute(run)
    except BasetenError as error:
        job = run.job
        if job is None and run.found is not None:
            job = Job(task="environment", resource=run.found)
        return failed(error, run.command, job)


async def _execute(run: Run) -> Ending:
    command = run.command
    match command:
        case Promote():
            return await _promote(run, command)
        case PlanPromotion():
            return await _plan(run, command)
        case PromoteSeveral() | WaitForSeveral():
            return await Release(run, command, execute).follow()
        case WaitForToken():
            return await _wait_for_token(run, command)
        case WaitForDeployment():
            return await follow_deployment(run, command)
        case Status():
            return await _status(run, command)
        case History():
            return await _history(run, command)
        case Logs():
            return await show_logs(run, command)
        case ShowMetrics():
            return await show_metrics(run, command)
        case List():
            return await _list(run, command)
        case Rollback():
            return await _rollback(run, command)
        case ChangeEnvironment():
            return await _change_environment(run, command)
        case Cancel():
            return await _cancel(run, command)
        case Pause() | Resume() | RollForward():
            return await _signal(run, command)
        case _:
            assert_never(command)


async def _promote(run: Run, command: Promote) -> Ending:
    handle, environment, place = await find_environment(
        run, command.environment, command.deployment
    )
    deployment = await find_deployment(run, handle, command.deployment)
    run.job = Job(
        task="promotion",
        resource=place.resource,
        environment=place.name,
        deployment=deployment,
        guard_words=words_to_go_on(command),
    )
    waits = command.options.get("if_in_progress") == "wait"
    queued = ", after the promotion that is running, if any" if waits else ""
    which = named(command.deployment, deployment)
    run.view.note(f"promoting deployment {which} to {place}{queued}")
    options = dict(command.options)
    if command.guarding is not None:
        options["guard"] = command.guarding.guard
    promotion = await environment.promote(deployment, before_sending=run.before_sending, **options)
    return await follow_promotion(run, command, promotion, place.resource)


async def _plan(run: Run, command: PlanPromotion) -> Ending:
    handle, environment, place = await find_environment(
        run, command.environment, command.deployment
    )
    deployment = await find_deployment(run, handle, command.deployment)
    run.job = Job(
        task="environment", resource=place.resource, environment=place.name, deployment=deployment
    )
    options = dict(command.options)
    if command.guarding is not None:
        options["guard"] = command.guarding.guard
    plan = await environment.plan(deployment, **options)
    run.view.result(ShownPlan(place=place, plan=plan))
    if not plan.is_blocked:
        return Ending(outcome=Outcome.DONE, message="")
    reasons = in_shell("; ".join(one.message for one in plan.warnings if one.blocks))
    return Ending(outcome=Outcome.REJECTED, message=f"the promotion would not succeed: {reasons}")


async def _wait_for_token(run: Run, command: WaitForToken) -> Ending:
    run.tell_defaults()
    resource = command.token.resource
    guard = command.guarding.guard if command.guarding is not None else None
    resumed = await run.client.resume(command.token.text, guard=guard)
    if isinstance(resumed, Cancellation):
        return await follow_cancellation(run, command, resumed, resource)
    return await follow_promotion(run, command, resumed, resource)


async def _status(run: Run, command: Status) -> Ending:
    _, environment, place = await find_environment(run, command.environment)
    run.job = job = Job(task="environment", resource=place.resource, environment=place.name)
    if command.watch:
        return await _watch(run, job, environment, place)
    run.view.result(ShownEnvironment(place=place, reading=await environment.read()))
    return Ending(outcome=Outcome.DONE, message="")


async def _watch(
    run: Run,
    job: Job,
    environment: ChainEnvironmentHandle | ModelEnvironmentHandle,
    place: EnvironmentRef,
) -> Ending:
    """Show each change, until Baseten refuses or a signal ends it."""
    run.begin(job)
    async with environment.watch() as events:
        async for event in events:
            if isinstance(event, EnvironmentChanged):
                run.view.look(ShownEnvironment(place=place, reading=event.reading), event.at)
            elif isinstance(event, Finished) and event.error is not None:
                return failed(event.error, run.command, job)
            else:
                run.view.event(event)
    raise AssertionError("nothing but an error ends it")


async def _history(run: Run, command: History) -> Ending:
    _, environment, place = await find_environment(run, command.environment)
    run.job = Job(task="environment", resource=place.resource, environment=place.name)
    releases = await environment.history(limit=command.limit)
    run.view.result(ShownHistory(place=place, releases=releases))
    return Ending(outcome=Outcome.DONE, message="")


async def _list(run: Run, command: List) -> Ending:
    if command.resource is None:
        return await _list_resources(run, command)
    check_words(run, command.resource, environment=None, deployment=None)
    run.tell_defaults()
    handle, resource = await find_resource(run, command.resource)
    run.job = Job(task="resource", resource=resource)
    environments = await handle.read_environments()
    deployments = [
        DeploymentRow(
            id=one.id,
            name=told_text(one.name) if isinstance(one, Deployment) else None,
            status=str(one.status),
            environment=told_text(one.environment),
            created_at=told_time(one.created_at),
        )
        for one in await handle.list_deployments()
    ]
    run.view.result(
        ShownResource(resource=resource, environments=environments, deployments=deployments)
    )
    return Ending(outcome=Outcome.DONE, message="")


async def _list_resources(run: Run, command: List) -> Ending:
    rows: list[ResourceRow] = []
    for kind in command.kinds:
        listed = await (run.client.chains() if kind == "chain" else run.client.models())
        rows += [
            ResourceRow(
                resource=ResourceRef(kind, one.id, told_text(one.name) or one.id),
                team=told_text(one.team_name),
                deployments=count if isinstance(count := one.deployments_count, int) else None,
                created_at=told_time(one.created_at),
            )
            for one in listed
        ]
    run.view.result(ShownResources(rows=rows))
    return Ending(outcome=Outcome.DONE, message="")


async def _rollback(run: Run, command: Rollback) -> Ending:
    if isinstance(command.promotion, EnvironmentWord):
        _, environment, place = await find_environment(run, command.promotion)
        run.job = Job(task="environment", resource=place.resource, environment=place.name)
        run.view.note(f"rolling back {place} to the deployment that served before")
        return await follow_promotion(run, command, await environment.rollback(), place.resource)
    run.tell_defaults()
    resource = command.promotion.resource
    resumed = await run.client.resume(command.promotion.text, guard=None)
    assert not isinstance(resumed, Cancellation)  # noqa: S101 - the arguments were checked
    run.job = job_of_promotion(resumed, resource, words_to_go_on(command))
    return await follow_promotion(run, command, await resumed.rollback(), resource)


async def _change_environment(run: Run, command: ChangeEnvironment) -> Ending:
    handle, environment, place = await find_environment(run, command.environment)
    run.job = Job(task="environment", resource=place.resource, environment=place.name)
    if command.verb == "create":
        create: Callable[..., Awaitable[object]] = handle.create_environment
        await create(place.name, **command.arguments)
    elif command.verb == "update":
        run.view.note(f"changing {place}, and waiting until Baseten shows the change")
        await environment.update(**command.arguments, **command.options)
    else:
        assert isinstance(environment, ModelEnvironmentHandle)  # noqa: S101 - it was checked
        await environment.delete()
    return Ending(outcome=Outcome.DONE, message=f"{_DONE[command.verb]} {place}")


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
    if isinstance(command.promotion, EnvironmentWord):
        _, environment, place = await find_environment(run, command.promotion)
        assert isinstance(environment, ModelEnvironmentHandle)  # noqa: S101 - it was checked
    else:
        run.tell_defaults()
        resource = command.promotion.resource
        resumed = await run.client.resume(command.promotion.text, guard=None)
        if isinstance(resumed, ModelPromotion):
            run.job = job = job_of_promotion(resumed, resource, words_to_go_on(command))
            return resumed, job
        place = EnvironmentRef(resource, resumed.environment_name)
        environment = run.client.model(resource.id).environment(place.name)
    run.job = job = Job(task="environment", resource=place.resource, environment=place.name)
    return environment, job
