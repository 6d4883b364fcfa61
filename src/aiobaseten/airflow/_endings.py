"""How a wait ended, as plain data: a trigger tells it, and a worker reads it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypedDict

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from ..errors import TRANSIENT_STATUSES as PASSING_STATUSES
from ..errors import (
    APIError,
    BasetenError,
    ConflictError,
    Evidence,
    PromotionInProgressError,
    PromotionOutcomeUnknownError,
    PromotionPausedError,
    RequestNotActedOnError,
    ResponseShapeError,
    ServerError,
    TransportError,
    WaitTimeoutError,
)
from ..schemas import ChainDeployment, Deployment, Environment

if TYPE_CHECKING:
    from airflow.sdk.types import Logger


class Ended(TypedDict):
    """It ended well.

    Attributes:
        outcome: Which of the two this is.
        result: What was waited for.
    """

    outcome: Literal["done"]
    result: dict[str, Any]


class Failed(TypedDict):
    """It did not.

    Attributes:
        outcome: Which of the two this is.
        error: The name of the error's class.
        message: What it says.
        is_final: Whether another try would come to the same end.
        evidence: What is known besides, in sentences.
    """

    outcome: Literal["failed"]
    error: str
    message: str
    is_final: bool
    evidence: list[str]


def ended(result: ChainDeployment | Deployment | Environment) -> Ended:
    """Tell of what was waited for."""
    # There and back again: what an odd answer may hold must not stop Airflow from storing it.
    return Ended(outcome="done", result=json.loads(json.dumps(result.to_dict(), default=str)))


def failed(error: BasetenError) -> Failed:
    """Tell of what went wrong."""
    return Failed(
        outcome="failed",
        error=type(error).__name__,
        message=str(error),
        is_final=not may_pass(error),
        evidence=[
            *(_sentences(error.evidence) if error.evidence else []),
            *getattr(error, "__notes__", ()),
        ],
    )


def may_pass(error: BasetenError) -> bool:
    """Whether another try may come to another end."""
    if isinstance(error, PromotionOutcomeUnknownError):
        # Nothing is sent again in either case: the next try looks for what this one began. If the
        # environment was to be read and did not tell, it will not tell by being read again.
        return error.after is None
    if isinstance(error, APIError):
        passing = isinstance(error, ServerError | ConflictError)
        return passing or error.status in PASSING_STATUSES
    return isinstance(
        error,
        TransportError
        | ResponseShapeError
        | PromotionInProgressError
        | RequestNotActedOnError
        | PromotionPausedError
        | WaitTimeoutError,
    )


def tell(failure: Failed, log: Logger) -> None:
    """Write the evidence into a task's log."""
    for sentence in failure["evidence"]:
        log.error(sentence)


def fail(failure: Failed, log: Logger) -> NoReturn:
    """End a task with a failure, after its evidence.

    Raises:
        AirflowFailException: It is final: Airflow does not try the task again.
        AirflowException: It may pass: Airflow does, if the task has tries left.
    """
    tell(failure, log)
    said = f"{failure['error']}: {failure['message']}"
    raise (AirflowFailException(said) if failure["is_final"] else AirflowException(said))


def _sentences(evidence: Evidence) -> list[str]:
    said = [
        f"{seen.subject} {seen.name} was {seen.status} for {seen.seconds:.0f} s, from "
        f"{seen.since:.0f} s on"
        for seen in evidence.history
    ]
    if evidence.trouble is not None:
        said.append(f"the last trouble that was ridden out: {evidence.trouble}")
    if evidence.request_ids:
        said.append(f"for Baseten's support, request ids: {', '.join(evidence.request_ids)}")
    if evidence.token is not None:
        said.append(f"to go on elsewhere, the token: {evidence.token}")
    said += [f"{line.chainlet or 'log'}: {line.message}" for line in evidence.log_lines]
    return said
