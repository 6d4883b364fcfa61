"""The outcome of a wait, as plain data that a trigger sends to a worker.

Airflow stores it in between: do not change the keys or the values of ``outcome``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypedDict

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from ..errors import BasetenError, Evidence
from ..schemas import ChainDeployment, Deployment, Environment

if TYPE_CHECKING:
    from airflow.sdk.types import Logger


class WaitSucceeded(TypedDict):
    """The wait succeeded.

    Attributes:
        outcome: Tells this from `WaitFailed`.
        result: The deployment or the environment, as JSON data.
    """

    outcome: Literal["done"]
    result: dict[str, Any]


class WaitFailed(TypedDict):
    """The wait failed, or could not begin.

    Attributes:
        outcome: Tells this from `WaitSucceeded`.
        error: The name of the error's class.
        message: The error's message.
        is_final: Whether another try would fail in the same way.
        evidence: The error's evidence and notes, as sentences.
    """

    outcome: Literal["failed"]
    error: str
    message: str
    is_final: bool
    evidence: list[str]


def succeeded(result: ChainDeployment | Deployment | Environment) -> WaitSucceeded:
    """The outcome of a wait that returned *result*."""
    # Through JSON and back: Airflow could not store every value of a response.
    return WaitSucceeded(
        outcome="done", result=json.loads(json.dumps(result.to_dict(), default=str))
    )


def failed(error: BasetenError) -> WaitFailed:
    """The outcome of a wait that raised *error*."""
    return WaitFailed(
        outcome="failed",
        error=type(error).__name__,
        message=str(error),
        is_final=not error.is_transient,
        evidence=[
            *(_sentences(error.evidence) if error.evidence else []),
            *getattr(error, "__notes__", ()),
        ],
    )


def log_evidence(failure: WaitFailed, log: Logger) -> None:
    """Write the evidence into a task's log."""
    for sentence in failure["evidence"]:
        log.error(sentence)


def fail_task(failure: WaitFailed, log: Logger) -> NoReturn:
    """Write the evidence into a task's log, and fail the task.

    Raises:
        AirflowFailException: The failure is permanent: Airflow does not retry the task.
        AirflowException: The failure is temporary: Airflow retries the task if it has tries left.
    """
    log_evidence(failure, log)
    message = f"{failure['error']}: {failure['message']}"
    raise (AirflowFailException(message) if failure["is_final"] else AirflowException(message))


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
