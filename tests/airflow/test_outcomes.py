"""Failures: each error is either temporary or permanent, as the table in docs/airflow.md says."""

from __future__ import annotations

from typing import Any

import pytest

from aiobaseten import errors
from aiobaseten.airflow._outcomes import failed
from aiobaseten.errors import BasetenError, Evidence

EVIDENCE = Evidence(waited=1.0)


def api_error(status: int) -> BasetenError:
    classes = {
        400: errors.BadRequestError,
        401: errors.AuthenticationError,
        403: errors.PermissionDeniedError,
        404: errors.NotFoundError,
        409: errors.ConflictError,
        429: errors.RateLimitError,
    }
    cls = errors.ServerError if status >= 500 else classes.get(status, errors.APIError)
    return cls("no", status=status, method="GET", path="/")


def unknown_outcome(after: Any) -> BasetenError:
    return errors.PromotionOutcomeUnknownError("", deployment_id="d", before=None, after=after)


PERMANENT = [
    errors.ConfigurationError("invalid"),
    *map(api_error, (400, 401, 403, 404, 422)),
    errors.NameNotFoundError("", name="n", similar=()),
    errors.AmbiguousNameError("", name="n", candidates=()),
    unknown_outcome(after=object()),
    errors.RollbackImpossibleError(""),
    errors.DeploymentFailedError("", evidence=EVIDENCE),
    errors.PromotionFailedError("", evidence=EVIDENCE),
    errors.PromotionCanceledError("", evidence=EVIDENCE),
    errors.PromotionSupersededError("", evidence=EVIDENCE, by="d"),
    errors.GuardBreachedError("", evidence=EVIDENCE),
    errors.GuardUnavailableError("", evidence=EVIDENCE),
]
TEMPORARY = [
    *map(api_error, (408, 409, 425, 429, 500, 501, 503, 520)),
    unknown_outcome(after=None),
    errors.TransportError("", method="GET", path="/", sent=False),
    errors.RequestTimeoutError("", method="GET", path="/", sent=True),
    errors.ResponseShapeError("", status=200, method="GET", path="/"),
    errors.PromotionInProgressError("", deployment_id=None, environment=None),
    errors.RequestNotActedOnError("retry", ""),
    errors.PromotionPausedError("", evidence=EVIDENCE),
    errors.WaitTimeoutError("", evidence=EVIDENCE, timeout=1.0),
]


def label(error: BasetenError) -> str:
    return f"{type(error).__name__} {getattr(error, 'status', '')}".strip()


@pytest.mark.parametrize("error", PERMANENT, ids=label)
def test_an_error_that_would_happen_again_is_permanent(error: BasetenError) -> None:
    assert failed(error)["is_final"] is True


@pytest.mark.parametrize("error", TEMPORARY, ids=label)
def test_an_error_that_may_pass_is_temporary(error: BasetenError) -> None:
    assert failed(error)["is_final"] is False


def test_every_class_of_error_is_tested() -> None:
    tested = {type(error) for error in [*PERMANENT, *TEMPORARY]}
    leaves = {
        value
        for value in vars(errors).values()
        if isinstance(value, type)
        and issubclass(value, BasetenError)
        and value not in (BasetenError, errors.WaitError, errors.GuardError)
    }

    assert tested == leaves


def test_notes_of_an_error_are_evidence() -> None:
    error = errors.ConfigurationError("invalid")
    error.add_note("the log could not be read")

    assert failed(error)["evidence"] == ["the log could not be read"]
