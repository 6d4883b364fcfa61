"""Read logs and metrics, of a deployment or of an environment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn, cast

from .. import ChainHandle, ModelHandle
from ..errors import AmbiguousNameError, BasetenError, ConfigurationError, NameNotFoundError
from ..logs import LogOptions, LogStream
from ..schemas import Log
from . import _stdio
from ._invocations import TIME_FLAGS, Logs, ShowMetrics
from ._jobs import Ending, Job, ShownLog, ShownLogLine, ShownMetrics
from ._names import check_words, find_deployment, find_resource
from ._outcomes import Outcome
from ._run import Run

# Before words that mean a deployment and no environment.
_OF_DEPLOYMENTS = ("id:", "current:")
_WORDS_OF_DEPLOYMENTS = ("latest", "current")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NANOSECONDS_IN_MICROSECOND = 1000
# Baseten's default without a start.
_DEFAULT_LOG = "30 minutes"
# Seconds between two tries during an outage, and between two lines about it.
_AGAIN_AFTER_S = 5.0
_SAY_EVERY_S = 60.0


async def show_logs(run: Run, command: Logs) -> Ending:
    """Show the lines of a log, and new ones until a signal ends it if the user follows it."""
    job = await _find(run, command)
    options = cast("LogOptions", _at_times(run, command))
    if job.resource.kind == "chain":
        return await _show_logs_of_chain(run, command, job, options)
    model = run.client.model(job.resource.id)
    source = (
        model.environment(job.environment or "")
        if job.deployment is None
        else model.deployment(job.deployment)
    )
    if command.follow:
        await _follow(run, source.logs(follow=True, **options))
    lines = await source.logs(follow=False, **options)
    return _show_lines(run, command, [_shown(line) for line in lines])


async def _show_logs_of_chain(run: Run, command: Logs, job: Job, options: LogOptions) -> Ending:
    chain = run.client.chain(job.resource.id)
    deployment_id = job.deployment
    if deployment_id is None:
        # Chains have no log of an environment: it is that of the deployment that serves.
        deployment_id = await find_deployment(run, chain, f"current:{job.environment}")
    deployment = chain.deployment(deployment_id)
    chainlets = {one.id: one.name for one in (await deployment.read()).chainlets}
    chosen = {key: name for key, name in chainlets.items() if command.chainlet in (None, name)}
    names = ", ".join(chainlets.values())
    if not chosen:
        raise NameNotFoundError(
            f"deployment {deployment_id} has no chainlet of this name; there are: {names}",
            name=command.chainlet or "",
            similar=(),
        )
    if command.follow and len(chosen) > 1:
        raise AmbiguousNameError(
            f"only one log can be followed: choose one with --chainlet, of {names}",
            name=command.chainlet or "",
            candidates=(),
        )
    lines: list[ShownLogLine] = []
    for chainlet_id, name in chosen.items():
        if command.follow:
            await _follow(run, deployment.logs(chainlet_id, follow=True, **options), name)
        found = await deployment.logs(chainlet_id, follow=False, **options)
        lines += [_shown(line, name) for line in found]
    lines.sort(key=lambda line: line.at.timestamp() if line.at else 0.0)
    return _show_lines(run, command, lines)


async def _follow(run: Run, stream: LogStream, chainlet: str | None = None) -> NoReturn:
    """Show each new line, until Baseten refuses or a signal ends it. An outage does not end it."""
    last_said = -math.inf
    while True:
        try:
            async for line in stream:
                run.view.result(ShownLog(lines=[_shown(line, chainlet)]))
        except BasetenError as error:
            if not error.is_transient:
                raise
            if run.clock.now() - last_said >= _SAY_EVERY_S:
                last_said = run.clock.now()
                _stdio.complain(f"cannot read the log now, and tries again until Ctrl-C: {error}")
            await run.pause(_AGAIN_AFTER_S)


def _show_lines(run: Run, command: Logs, lines: Sequence[ShownLogLine]) -> Ending:
    run.view.result(ShownLog(lines=lines))
    if not lines and command.output != "quiet":
        begins = "start" in command.options
        hint = "" if begins else f" of the last {_DEFAULT_LOG}; --since 1d shows older ones"
        _stdio.hint(f"no lines{hint}")
    return Ending(outcome=Outcome.DONE, message="")


def _shown(line: Log, chainlet: str | None = None) -> ShownLogLine:
    """A line of a log, whose fields the API may leave out."""
    return ShownLogLine(
        at=_time(line.timestamp),
        level=str(line.level) if line.level else None,
        chainlet=chainlet,
        replica=line.replica or None,
        request_id=line.request_id or None,
        message=str(line.message),
    )


def _time(nanoseconds: object) -> datetime | None:
    try:
        return _EPOCH + timedelta(microseconds=int(str(nanoseconds)) // _NANOSECONDS_IN_MICROSECOND)
    except (ValueError, OverflowError):
        return None


async def show_metrics(run: Run, command: ShowMetrics) -> Ending:
    """Show measurements."""
    job = await _find(run, command)
    model = run.client.model(job.resource.id)
    source = (
        model.environment(job.environment or "")
        if job.deployment is None
        else model.deployment(job.deployment)
    )
    times = _at_times(run, command)
    try:
        metrics = await source.metrics(command.names or None, mode=command.mode, **times)
    except ConfigurationError as error:
        flags = [flag for flag, name in TIME_FLAGS.items() if name in times]
        raise ConfigurationError(f"{', '.join(flags)}: {error}" if flags else str(error)) from None
    run.view.result(ShownMetrics(job=job, metrics=metrics))
    return Ending(outcome=Outcome.DONE, message="")


def _at_times(run: Run, command: Logs | ShowMetrics) -> dict[str, Any]:
    """The options of the command, with times of day for times before now, by Baseten's clock."""
    now = run.client.server_time()
    return {
        name: now - value if isinstance(value, timedelta) else value
        for name, value in command.options.items()
    }


async def _find(run: Run, command: Logs | ShowMetrics) -> Job:
    """The deployment or the environment that the user wrote."""
    check_words(run, command.resource, environment=command.where, deployment=None)
    run.tell_defaults()
    handle, resource = await find_resource(run, command.resource)
    word = command.where
    if word.startswith(_OF_DEPLOYMENTS) or word in _WORDS_OF_DEPLOYMENTS:
        deployment = await find_deployment(run, handle, word, command.environment)
        run.job = Job(task="deployment", resource=resource, deployment=deployment)
    elif word in {one.name for one in await handle.read_environments()}:
        await _check_no_deployment(handle, word)
        run.job = Job(task="environment", resource=resource, environment=word)
    else:
        deployment = await find_deployment(run, handle, word)
        run.job = Job(task="deployment", resource=resource, deployment=deployment)
    return run.job


async def _check_no_deployment(handle: ChainHandle | ModelHandle, word: str) -> None:
    """Check that the name of an environment is not that of a deployment, too.

    Raises:
        AmbiguousNameError: It is.
    """
    if isinstance(handle, ChainHandle):
        return  # its deployments have no names
    named = [one for one in await handle.list_deployments() if one.name == word]
    if named:
        raise AmbiguousNameError(
            f"{word!r} is the name of an environment and of a deployment: write "
            f"id:{named[0].id} for the deployment, or current:{word} for the one that serves",
            name=word,
            candidates=tuple(named),
        )
