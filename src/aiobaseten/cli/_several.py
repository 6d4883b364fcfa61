"""Promote or wait for several targets: all at once, or in waves."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TypeAlias

from attrs import define, evolve

from .. import Token
from ..errors import BasetenError, ConfigurationError, GuardError
from ._checks import UsageError, check
from ._endings import failed, hints
from ._failures import advice_of_guard
from ._invocations import (
    EnvironmentWord,
    Promote,
    PromoteSeveral,
    ResourceWord,
    SavedToken,
    Several,
    Target,
    WaitForSeveral,
    WaitForToken,
)
from ._jobs import Ending, ShownTargets, TargetRow
from ._names import check_words, find_deployment, find_resource
from ._outcomes import WORST_FIRST, Outcome
from ._run import Run
from ._text import one_line, timestamp
from ._token_file import Entry, TokenFile
from ._waits import interrupt

#: Executes the command of one target.
Execute: TypeAlias = Callable[[Run], Awaitable[Ending]]

_NOT_BEGUN = "not begun"
# A promotion may have started although nothing was heard of it.
_MAY_HAVE_BEGUN = frozenset({Outcome.UNKNOWN, Outcome.INTERRUPTED, Outcome.TERMINATED})


@define(eq=False)
class _Member:
    """One target while the command runs.

    Attributes:
        target: The target, as the user wrote it.
        run: The run of its command.
        file: The token file.
        entry: What the token file says of it, as soon as its ids are known.
        state: What the table says while there is no ending.
    """

    target: Target
    run: Run
    file: TokenFile
    entry: Entry | None = None
    state: str = _NOT_BEGUN

    @property
    def key(self) -> str:
        """The target in the token file: without its deployment, which may change."""
        command = self.target.command
        environment = command.environment.name if isinstance(command, Promote) else ""
        return f"{self.target.label.rpartition('@')[0]} {environment}".rstrip()

    @property
    def has_failed(self) -> bool:
        """Whether it has ended, and not well."""
        ending = self.run.ending
        return ending is not None and ending.outcome is not Outcome.DONE

    def keep(self, token: str) -> None:
        """Remember the token of the promotion that is about to begin, or has begun.

        Raises:
            ConfigurationError: It is about to begin, and the token cannot be written.
        """
        if self.entry is None:
            return
        self.entry = evolve(self.entry, token=token, outcome=None, taken_back=False)
        try:
            self.file.put(self.key, self.entry)
        except OSError as error:
            # The token of before finds a promotion that has begun.
            if not self.run.has_begun:
                raise _unwritable(error) from None

    def end(self, ending: Ending) -> None:
        """Remember how the command for this target has ended, and show it."""
        self.run.ending = evolve(ending, report=self.run.report_after(ending))
        if self.entry is not None:
            error = ending.error
            self.entry = evolve(
                self.entry,
                token=self._token_after(ending),
                outcome=None if ending.only_began else ending.outcome.label,
                taken_back=isinstance(error, GuardError) and not advice_of_guard(error),
            )
            # If this cannot be written, the token that is in the file finds the promotion, too.
            with suppress(OSError):
                self.file.put(self.key, self.entry)
        self.run.view.end(self.run.ending)

    def leave(self, ending: Ending) -> None:
        """Show that the target is left alone."""
        self.run.ending = ending
        self.run.view.end(ending)

    def _token_after(self, ending: Ending) -> str | None:
        """The token that goes on, of the promotion or of its cancellation."""
        evidence = ending.error.evidence if ending.error is not None else None
        if ending.job is None and evidence is not None and evidence.token is not None:
            return evidence.token
        job = ending.job or self.run.job
        if job is None or not (self.run.has_begun or ending.outcome in _MAY_HAVE_BEGUN):
            return None
        return job.token

    def row(self) -> TargetRow:
        """The target in the table."""
        ending, job = self.run.ending, self.run.job
        deployment = job.deployment if job is not None else None
        if deployment is None and self.entry is not None:
            deployment = self.entry.deployment_id
        return TargetRow(
            label=self.target.label,
            state=self.state if ending is None else ending.title,
            deployment=deployment,
            waited=None if ending is None else ending.waited,
            token=job.token if job is not None else None,
            is_ended=ending is not None,
        )


class Release:
    """The targets of one command."""

    def __init__(self, run: Run, command: Several, execute: Execute) -> None:
        """Read the token file, if there is one.

        Raises:
            ConfigurationError: It cannot be used.
        """
        path = None if isinstance(command, WaitForSeveral) else command.token_file
        self._run = run
        self._command = command
        self._execute = execute
        self._file = TokenFile(path)
        views = run.view.members([one.label for one in command.targets])
        self._members = [
            _Member(one, Run(run.client, one.command, view, run.clock), self._file)
            for one, view in zip(command.targets, views, strict=True)
        ]
        for one in self._members:
            one.run.keep = one.keep
        run.members = [one.run for one in self._members]
        run.on_interrupt = self.interrupt

    async def follow(self) -> Ending:
        """Promote the targets, or wait for them. Cancelling this ends the waits.

        Raises:
            ConfigurationError: The token file, or what it leads to, cannot be used. Nothing was
                sent.
            OSError: The output cannot be written.
        """
        command = self._command
        if isinstance(command, WaitForSeveral):
            self._run.tell_defaults()
            await self._follow_together(self._members)
            return self._concluded()
        with self._file.held():
            return await self._promote(command)

    async def _promote(self, command: PromoteSeveral) -> Ending:
        await self._look_up()
        if any(one.has_failed for one in self._members):
            return self._concluded("; nothing was sent")
        self._prepare(command)
        left = [one for one in self._members if one.run.ending is None]
        if any(one.has_failed for one in self._members):  # begin nothing, as after any failure
            left = [one for one in left if isinstance(one.run.command, WaitForToken)]
        waves = _waves(left, command.wave)
        for number, wave in enumerate(waves, 1):
            if number > 1:
                await self._pause(command.between, f"wave {number} of {len(waves)}")
            elif len(waves) > 1:
                self._run.view.note(f"wave 1 of {len(waves)}")
            await self._follow_together(wave)
            if any(one.has_failed for one in wave):
                break
        return self._concluded()

    async def interrupt(self, outcome: Outcome) -> Ending:
        """The ending of the command after a signal, and of each target that has begun."""
        for one in self._members:
            if one.run.ending is None and one.run.job is not None:
                one.end(await interrupt(one.run, outcome))
        return self._concluded(outcome=outcome)

    async def _look_up(self) -> None:
        """Find the ids of all targets, so that a wrong name is noticed before anything is sent."""
        for one in self._members:
            word = _promotion_of(one)
            environment = word.environment
            check_words(
                one.run,
                environment.resource,
                environment=environment.name,
                deployment=word.deployment,
            )
        self._run.tell_defaults()
        async with asyncio.TaskGroup() as group:
            for one in self._members:
                group.create_task(self._look_up_one(one))
        ids = [one.entry.resource_id for one in self._members if one.entry is not None]
        if len({*ids}) < len(ids):
            raise ConfigurationError(
                "two of the targets are the same chain or model: nothing was sent"
            )

    async def _look_up_one(self, one: _Member) -> None:
        command = _promotion_of(one)
        known = self._file.get(one.key)
        if known is not None and known.next_for(command.deployment) != "promote":
            one.entry = known  # latest stays what it was
            return
        try:
            handle, resource = await find_resource(one.run, command.environment.resource)
            deployment = await find_deployment(one.run, handle, command.deployment)
        except BasetenError as error:
            one.end(failed(error, command, None))
            return
        one.entry = Entry(
            word=command.deployment, resource_id=resource.id, deployment_id=deployment
        )

    def _prepare(self, command: PromoteSeveral) -> None:
        """Decide what to do with each target, and try to write the file."""
        for one in self._members:
            promote, entry = _promotion_of(one), one.entry
            assert entry is not None  # noqa: S101 - it was looked up
            step = entry.next_for(promote.deployment)
            if step == "leave":
                one.leave(Ending(outcome=Outcome.DONE, message="done before; it is left alone"))
            elif step == "end":
                one.leave(_rejected(entry))
            elif step == "wait" and not command.wait:
                said = "begun before; it is left alone"
                one.leave(Ending(outcome=Outcome.DONE, message=said, only_began=True))
            elif step == "wait":
                assert entry.token is not None  # noqa: S101 - there is nothing else to wait for
                one.run.command = _wait_for(promote, entry.token, one.target.label)
            else:
                resource = ResourceWord(
                    promote.environment.resource.kind, f"id:{entry.resource_id}"
                )
                one.run.command = evolve(
                    promote,
                    environment=EnvironmentWord(resource, promote.environment.name),
                    deployment=f"id:{entry.deployment_id}",
                )
        try:
            self._file.write()
        except OSError as error:
            raise _unwritable(error) from None

    async def _follow_together(self, members: Sequence[_Member]) -> None:
        tasks: list[asyncio.Task[None]] = []

        async def follow(one: _Member) -> None:
            one.state = "begun"
            one.end(await self._execute(one.run))
            if one.has_failed and self._command.fail_fast:
                for task in tasks:
                    task.cancel()

        try:
            async with asyncio.TaskGroup() as group:
                tasks += [group.create_task(follow(one)) for one in members]
        except ExceptionGroup as several:
            # The output cannot be written, and one reason is enough.
            raise several.exceptions[0] from None
        for one in members:
            if one.run.ending is None:
                one.state = _NOT_BEGUN if one.run.job is None else "goes on"

    async def _pause(self, seconds: float, what: str) -> None:
        clock = self._run.clock
        if not seconds:
            self._run.view.note(what)
            return
        at = timestamp(clock.utcnow() + timedelta(seconds=seconds))
        self._run.view.note(f"{what} begins at {at}")
        await self._run.pause(seconds)

    def _concluded(self, more: str = "", *, outcome: Outcome | None = None) -> Ending:
        """The ending of the command, after its table was shown."""
        rows = [one.row() for one in self._members]
        self._run.view.result(ShownTargets(rows=rows))
        endings = [one.run.ending for one in self._members if one.run.ending is not None]
        worst = min((one.outcome for one in endings), key=WORST_FIRST.index, default=Outcome.DONE)
        only_began = any(one.only_began for one in endings)
        return Ending(
            outcome=outcome or worst,
            message=f"{_counted(rows)}{more}",
            hints=() if worst is Outcome.DONE and outcome is None else self._hints(),
            only_began=only_began,
        )

    def _hints(self) -> Sequence[str]:
        command = self._command
        if isinstance(command, PromoteSeveral) and command.token_file is not None:
            if not self._file.is_started():
                return ()
            if any(one.entry is not None and one.entry.is_rejected for one in self._members):
                return (
                    "to continue:  the same command and --token-file, with another deployment in "
                    "place of one that was taken back, cancelled or superseded",
                )
            return ("to continue:  the same command again, with the same --token-file",)
        left = [one.run for one in self._members if one.state == "goes on"]
        return tuple(
            text
            for one in left
            if one.job is not None and one.ending is None
            for text in hints(one.job, command.access)
        )


def _rejected(entry: Entry) -> Ending:
    """The ending of a target that was rejected in an earlier run, or before it."""
    by_others = {one.label: one for one in (Outcome.CANCELLED, Outcome.SUPERSEDED)}
    known = {Outcome.GUARD_UNAVAILABLE.label: Outcome.GUARD_UNAVAILABLE, **by_others}
    did = "taken back by its guard" if entry.taken_back else entry.outcome
    return Ending(
        outcome=known.get(entry.outcome or "", Outcome.BREACHED),
        message=(
            f"the promotion of deployment {entry.deployment_id} was {did} before; nothing was "
            "sent. To promote it all the same, use another --token-file"
        ),
    )


def _unwritable(error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"cannot write the file of --token-file: {error.strerror}; nothing was sent"
    )


def _promotion_of(one: _Member) -> Promote:
    command = one.target.command
    assert isinstance(command, Promote)  # noqa: S101 - promote has such targets only
    return command


def _wait_for(promote: Promote, token: str, label: str) -> WaitForToken:
    """The wait that goes on with a promotion of an earlier run.

    Raises:
        ConfigurationError: It cannot go on like this, such as without its guard.
    """
    wait = WaitForToken(
        token=SavedToken(token, Token.load(token)),
        access=promote.access,
        output=promote.output,
        wait_options=promote.wait_options,
        cancel_on_timeout=promote.cancel_on_timeout,
        cancel_on_interrupt=promote.cancel_on_interrupt,
        guarding=promote.guarding,
        rollback_on_failure=promote.rollback_on_failure,
    )
    try:
        check(wait)
    except UsageError as error:
        raise ConfigurationError(f"{one_line(label)}: {error}") from None
    return wait


def _waves(members: Sequence[_Member], size: int | None) -> Sequence[Sequence[_Member]]:
    """The members in waves. Those that have begun before are all in the first one."""
    begun = [one for one in members if isinstance(one.run.command, WaitForToken)]
    others = [one for one in members if one not in begun]
    if size is None or not members:
        return [members] if members else []
    first = max(size - len(begun), 0)
    waves = [[*begun, *others[:first]]]
    waves += [others[at : at + size] for at in range(first, len(others), size)]
    return waves


def _counted(rows: Sequence[TargetRow]) -> str:
    """How many targets are in which state."""
    states = Counter(row.state for row in rows)
    many = f"{len(rows)} target{'s' if len(rows) != 1 else ''}"
    return f"{many}: {', '.join(f'{count} {state}' for state, count in states.items())}"
