"""One run of a command: its client, its views, and what is known so far."""

from __future__ import annotations

from attrs import evolve

from .. import Baseten, ChainPromotion, ModelPromotion
from ..guard import GuardReport
from . import _stdio
from ._invocations import Command
from ._jobs import Ending, Job
from ._views import View


class Run:
    """One run of a command.

    Attributes:
        client: The client.
        command: The arguments.
        view: Shows what happens.
        job: The subject of the command, as soon as it is known.
        has_begun: Whether it has started at Baseten, or its wait has.
        is_shown: Whether the view has shown that.
        cancellable: The promotion that is waited for, if Baseten can cancel it.
        followed: The promotion that is waited for.
        ending: The ending of the command, as soon as it is known.
    """

    def __init__(self, client: Baseten, command: Command, view: View) -> None:
        self.client = client
        self.command = command
        self.view = view
        self.job: Job | None = None
        self.has_begun = False
        self.is_shown = False
        self.cancellable: ModelPromotion | None = None
        self.followed: ChainPromotion | ModelPromotion | None = None
        self.ending: Ending | None = None

    def report_after(self, ending: Ending) -> GuardReport | None:
        """The report of the guard, if there is one."""
        if self.followed is not None:
            return self.followed.report
        evidence = ending.error.evidence if ending.error is not None else None
        return None if evidence is None else evidence.report

    async def before_sending(self, token: str) -> None:
        """Remember the token that finds a promotion whose response never arrives."""
        assert self.job is not None  # noqa: S101 - the command has set it
        self.job = evolve(self.job, token=token)

    def begin(self, job: Job) -> None:
        """Show what has started at Baseten, or what the command waits for."""
        self.job, self.has_begun = job, True  # first: it may not be possible to show it
        self.view.begin(job)
        self.is_shown = True
        _stdio.keep_token(job.token)
