"""The life of a task that changes an environment: send once, leave the wait to others, complete."""

from __future__ import annotations

import asyncio
import threading
from abc import abstractmethod
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from airflow.sdk import BaseAsyncOperator, ResumableJobMixin
from attrs import frozen

from .. import Baseten, GuardReport, Token
from ..errors import BasetenError
from . import _saved_token
from ._arguments import EnvironmentArguments
from ._clients import own_client
from ._computed import ComputedArguments
from ._killing import cancel_if_failed
from ._outcomes import (
    WaitFailed,
    WaitSucceeded,
    fail_task,
    failed,
    join_report,
    only_outcome,
    push_report,
)
from ._plain import plain, plain_text
from ._resources import page
from ._wait_options import airflows_limit
from .assets import emit
from .links import URL_KEY, BasetenLink
from .triggers import PromotionTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context

A = TypeVar("A", bound=EnvironmentArguments)
#: Seconds for cancelling when a worker's task is killed. Airflow kills it for good after 5.
_KILL_TIMEOUT_S = 4.0


@frozen
class Begun:
    """A request that was sent.

    Attributes:
        token: The token for the wait.
        report: The report of the guard, which has measured nothing yet; ``None`` without a guard.
    """

    token: str
    report: GuardReport | None = None


class EnvironmentOperator(ComputedArguments[A], ResumableJobMixin, BaseAsyncOperator):
    """Sends a request to an environment at most once, and waits for its end.

    The token of the request is in Airflow's task state store right before the request is sent, and
    again after the response. So the next try goes on where one has stopped. With ``deferrable``, a
    triggerer waits; without, the worker does, and Airflow's `ResumableJobMixin` drives the task.
    """

    operator_extra_links = (BasetenLink(),)
    #: The mixin keeps the token where all tries of both ways of waiting look for it.
    external_id_key = _saved_token.KEY
    #: Whether the environment serves another deployment after a success.
    changes_deployment: ClassVar[bool]

    baseten_conn_id: str
    deferrable: bool

    # Of a task that waits in its worker.
    _token: str | None = None
    _result: Any = None
    _kill_context: Any = None
    _runner: asyncio.Runner

    def execute(self, context: Context) -> Any:
        """Run the task, as Airflow does: see `aexecute`, or `execute_resumable`."""
        if self.deferrable:
            return super().execute(context)  # type: ignore[no-untyped-call] # it has no types
        with asyncio.Runner() as self._runner:
            return self.execute_resumable(context)

    async def aexecute(self, context: Context) -> None:
        """Send the request, or continue where an earlier try stopped. Then defer the task.

        Raises:
            TaskDeferred: This is how Airflow defers a task.
            AirflowFailException: The failure is permanent: Airflow does not retry the task.
            AirflowException: The failure is temporary: Airflow retries the task. The next try
                sends nothing twice.
        """
        token = await self._started(context)
        self.defer(
            trigger=self._trigger(token),
            method_name="execute_complete",
            timeout=airflows_limit(self.execution_timeout),
        )

    def execute_complete(
        self, context: Context, event: WaitSucceeded | WaitFailed
    ) -> dict[str, Any]:
        """End the task after the wait.

        Returns:
            The deployment or the environment, as plain data.

        Raises:
            AirflowFailException: The failure is permanent: Airflow does not retry the task.
            AirflowException: The failure is temporary: Airflow retries the task. The next try
                sends nothing twice.
        """
        if "report" in event:
            event["report"] = join_report(_saved_token.load_report(context), event["report"])
            _saved_token.save_report(context, event["report"])
        push_report(context, event)
        if event["outcome"] == "failed":
            fail_task(event, self.log)
        if self.changes_deployment:
            self._emit(context, event["result"])
        _saved_token.note_success(context)
        return event["result"]

    # --- a worker that waits itself -------------------------------------------------------------

    def submit_job(self, context: Context) -> Any:
        """Send the request, unless an earlier try did. The mixin stores the value."""
        self._token = self._runner.run(self._started(context))
        return _saved_token.stored(context, self._token)

    def get_job_status(self, external_id: Any, context: Context) -> str:
        """``"begun"``, or ``"cleared"`` if somebody has cleared the task since."""
        return "begun" if _saved_token.is_current(context, external_id) else "cleared"

    def is_job_active(self, status: str) -> bool:
        """Whether to wait, without `submit_job`."""
        return status == "begun"

    def is_job_succeeded(self, status: str) -> bool:  # noqa: ARG002 - Airflow's signature
        """Never: only the wait can tell."""
        return False

    def poll_until_complete(self, external_id: Any, context: Context) -> Any:  # noqa: ARG002
        """Wait in this process, as a triggerer does."""
        token = self._token or self._runner.run(self._started(context))
        self._kill_context = (token, context["ti"])
        event = self._runner.run(only_outcome(self._trigger(token)))
        self._kill_context = None
        self._result = self.execute_complete(context, event)
        return self._result

    def get_job_result(self, external_id: Any, context: Context) -> Any:  # noqa: ARG002
        """The result of the wait."""
        return self._result

    def on_kill(self) -> None:
        """Cancel the promotion if ``cancel_on_kill`` is set and a user has failed the task."""
        if self._kill_context is None or not getattr(self, "cancel_on_kill", False):
            return
        token, task_instance = self._kill_context
        # In a thread, because this is a signal handler, and the loop below it stands still.
        cancelling = self._cancel_if_failed(token, task_instance)
        thread = threading.Thread(target=asyncio.run, args=(cancelling,), daemon=True)
        thread.start()
        thread.join(_KILL_TIMEOUT_S)

    async def _cancel_if_failed(self, token: str, task_instance: Any) -> None:
        try:
            await cancel_if_failed(
                token, self.baseten_conn_id, task_instance, self.log, timeout=_KILL_TIMEOUT_S
            )
        except (BasetenError, TimeoutError) as error:
            self.log.error("the promotion was not cancelled: %s", plain_text(str(error)))  # noqa: TRY400 - the message says it all

    # --- what every such task does --------------------------------------------------------------

    @abstractmethod
    async def _begin(self, baseten: Baseten, context: Context, arguments: A) -> Begun:
        """Send the request, unless an earlier try did."""

    @abstractmethod
    def _trigger(self, token: str) -> PromotionTrigger:
        """The wait."""

    async def _started(self, context: Context) -> str:
        report = _saved_token.load_report(context)
        try:
            arguments = self.arguments()
            async with own_client(arguments.baseten_conn_id) as baseten:
                begun = await self._begin(baseten, context, arguments)
        except BasetenError as error:
            failure = failed(error)
            if report is not None:
                failure["report"] = join_report(report, failure.get("report"))
            push_report(context, failure)
            fail_task(failure, self.log)
        _saved_token.save(context, begun.token)
        self._describe(context, begun.token)
        if begun.report is not None:
            # Before the wait, so that there is one whatever happens to it.
            self._push(context, guard_report=join_report(report, plain(begun.report.to_dict())))
        return begun.token

    def _saves(self, context: Context) -> Callable[[str], Awaitable[None]]:
        """A function that stores a token, for right before a request is sent."""

        async def save(token: str) -> None:
            # The token comes last: after it is stored, the next try takes the request for sent.
            self._describe(context, token)
            _saved_token.save(context, token)

        return save

    def _describe(self, context: Context, token: str) -> None:
        """Push what a token says."""
        known = Token.load(token)
        self._push(
            context,
            deployment_id=known.deployment_id,
            previous_id=known.previous_id,
            token=token,
            url=page(_kind_of(known), known.resource_id, known.deployment_id),
        )

    def _push(self, context: Context, **values: Any) -> None:
        for key, value in values.items():
            context["ti"].xcom_push(key=key, value=plain(value))

    def _emit(self, context: Context, result: dict[str, Any]) -> None:
        saved = _saved_token.load(context)
        if not self.outlets or saved is None:
            return
        known = Token.load(saved.text)
        kind = _kind_of(known)
        extra = {
            f"{kind}_id": known.resource_id,
            "environment": known.environment_name,
            "deployment_id": result.get("id"),
            "previous_id": known.previous_id,
            URL_KEY: page(kind, known.resource_id, result.get("id")),
        }
        emit(context, self.outlets, self.arguments(), plain(extra))


def _kind_of(token: Token) -> str:
    return "chain" if token.kind == "chain promotion" else "model"
