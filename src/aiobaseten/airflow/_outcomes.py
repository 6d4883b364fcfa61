"""The outcome of a wait, as plain data that a trigger sends to a worker.

Airflow stores it in between: do not change the keys or the values of ``outcome``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NoReturn, NotRequired, TypedDict

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from ..errors import BasetenError, Evidence
from ..guard import GuardReport
from ..schemas import ChainDeployment, Deployment, Environment
from ._plain import plain, plain_text

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.types import Logger
    from airflow.triggers.base import BaseTrigger

#: The key of the XCom with the report of a guard.
REPORT_KEY = "guard_report"


class WaitSucceeded(TypedDict):
    """The wait succeeded.

    Attributes:
        outcome: Tells this from `WaitFailed`.
        result: The deployment or the environment, as JSON data.
        report: The report of the guard, if there is one.
    """

    outcome: Literal["done"]
    result: dict[str, Any]
    report: NotRequired[dict[str, Any]]


class WaitFailed(TypedDict):
    """The wait failed, or could not begin.

    Attributes:
        outcome: Tells this from `WaitSucceeded`.
        error: The name of the error's class.
        message: The error's message.
        is_final: Whether another try would fail in the same way.
        evidence: The error's evidence and notes, as sentences.
        report: The report of the guard, if there is one.
    """

    outcome: Literal["failed"]
    error: str
    message: str
    is_final: bool
    evidence: list[str]
    report: NotRequired[dict[str, Any]]


def succeeded(
    result: ChainDeployment | Deployment | Environment, report: GuardReport | None = None
) -> WaitSucceeded:
    """The outcome of a wait that returned *result*, and the report of its guard."""
    outcome = WaitSucceeded(outcome="done", result=plain(result.to_dict()))
    if report is not None:
        outcome["report"] = plain(report.to_dict())
    return outcome


def failed(error: BasetenError, report: GuardReport | None = None) -> WaitFailed:
    """The outcome of a wait that raised *error*, and the report of its guard."""
    if report is None and error.evidence is not None:
        report = error.evidence.report
    outcome = WaitFailed(
        outcome="failed",
        error=type(error).__name__,
        message=plain_text(str(error)),
        is_final=not error.is_transient,
        evidence=plain(
            [
                *(_sentences(error.evidence) if error.evidence else []),
                *(_measured(report) if report else []),
                *getattr(error, "__notes__", ()),
            ]
        ),
    )
    if report is not None:
        outcome["report"] = plain(report.to_dict())
    return outcome


async def only_outcome(trigger: BaseTrigger) -> Any:
    """Run a trigger in this process; returns the data of its only event."""
    (event,) = [event async for event in trigger.run()]
    return event.payload


def log_evidence(failure: WaitFailed, log: Logger) -> None:
    """Write the evidence into a task's log."""
    for sentence in failure["evidence"]:
        log.error(sentence)


def push_report(context: Context, outcome: WaitSucceeded | WaitFailed) -> None:
    """Push the report of the guard as an XCom of the task, if there is one."""
    if "report" in outcome:
        context["ti"].xcom_push(key=REPORT_KEY, value=outcome["report"])


def join_report(earlier: dict[str, Any] | None, later: dict[str, Any] | None) -> dict[str, Any]:
    """The reports of earlier tries and of this one as one report."""
    if earlier is None or later is None:
        return later or earlier or {}
    lists = ("steps", "actions", "overridden")
    return {**later, **{name: [*earlier[name], *later[name]] for name in lists}}


def fail_task(failure: WaitFailed, log: Logger) -> NoReturn:
    """Write the evidence into a task's log, and fail the task.

    Raises:
        AirflowFailException: The failure is permanent: Airflow does not retry the task.
        AirflowException: The failure is temporary: Airflow retries the task if it has tries left.
    """
    log_evidence(failure, log)
    message = f"{failure['error']}: {failure['message']}"
    raise (AirflowFailException(message) if failure["is_final"] else AirflowException(message))


def _measured(report: GuardReport) -> list[str]:
    return [
        f"at {step.percent} % of the traffic, {verdict}"
        for step in report.steps
        for verdict in step.verdicts
    ]


def _sentences(evidence: Evidence) -> list[str]:
    sentences = [
        f"{seen.subject} {seen.name} was {seen.status} for {seen.seconds:.0f} s, starting at "
        f"{seen.since:.0f} s"
        for seen in evidence.history
    ]
    if evidence.startup is not None:
        sentences += [
            f"startup phase {phase.name}: {phase.seconds:.0f} s"
            + ("" if phase.usual is None else f", usually {phase.usual:.0f} s")
            for phase in evidence.startup.phases
        ]
    if evidence.trouble is not None:
        sentences.append(f"the last temporary error: {evidence.trouble}")
    if evidence.request_ids:
        sentences.append(f"request ids for Baseten's support: {', '.join(evidence.request_ids)}")
    if evidence.token is not None:
        sentences.append(f"to continue in another process, use the token {evidence.token}")
    sentences += [f"{line.chainlet or 'log'}: {line.message}" for line in evidence.log_lines]
    return sentences
