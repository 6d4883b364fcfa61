"""Cancel a promotion of ours, and find out what happened if the response is lost."""

from __future__ import annotations

from contextlib import suppress
from enum import Enum

from .. import Cancellation, ModelPromotion, PromotionPhase, Token
from ..errors import BasetenError, RequestNotActedOnError
from ..options import RetryPolicy
from ._failures import may_have_acted
from ._run import Run

# How often it is sent, if the response is lost and the promotion still runs.
_ATTEMPTS = 3
# Seconds before each look after a lost response: a proxy may give up earlier than Baseten does.
_LOOK_AFTER_S = (0.0, 1.0, 3.0, 6.0)
_PATIENCE_S = 10.0
_NOT_CANCELLED = frozenset({PromotionPhase.RUNNING, PromotionPhase.PAUSED})


class _Fate(Enum):
    """The fate of a promotion after the response to its cancel was lost."""

    RUNS = "the environment shows that the promotion still runs"
    IS_OVER = "the environment shows that the promotion does not run any more"
    CANCELLED = "the audit log shows that the promotion was cancelled"


async def cancel(
    run: Run, promotion: ModelPromotion, *, patience: float = _PATIENCE_S
) -> Cancellation:
    """Cancel a promotion. If the response is lost, the environment and the audit log tell.

    Args:
        run: The run of the command.
        promotion: The promotion.
        patience: Seconds for which a look after a lost response is repeated.

    Raises:
        RequestNotActedOnError: The promotion still runs.
        BasetenError: It was not cancelled; or, if `may_have_acted`, nothing tells whether it was.
    """
    for attempt in range(_ATTEMPTS):
        try:
            return await promotion.cancel()
        except BasetenError as error:
            if not may_have_acted(error):
                raise
            fate = await _read_back(run, promotion, patience)
            if fate is None:
                raise
            is_again = fate is _Fate.RUNS and attempt + 1 < _ATTEMPTS
            again = "; cancelling it again" if is_again else ""
            run.view.note(f"the response to the cancel was lost ({error}), and {fate.value}{again}")
            if fate is not _Fate.RUNS:
                return await _cancellation(run, promotion)
    raise RequestNotActedOnError(
        "cancel the promotion", f"each response was lost, and {_Fate.RUNS.value}"
    )


async def _read_back(run: Run, promotion: ModelPromotion, patience: float) -> _Fate | None:
    """The promotion's fate; ``None`` if the environment cannot be read until the last look."""
    retry = RetryPolicy(attempts=1000, max_delay=30.0, total=patience, quota=False)
    model = run.client.with_options(retry=retry).model(Token.load(promotion.token).resource_id)
    environment = model.environment(promotion.environment_name)
    for seconds in _LOOK_AFTER_S:
        await run.pause(seconds)
        try:
            reading = await environment.read()
        except BasetenError:
            return None  # the looks before may be out of date
        is_ours = reading.candidate_id == promotion.deployment_id
        if not is_ours or reading.promotion is None:
            return _Fate.IS_OVER
        if reading.promotion.phase not in _NOT_CANCELLED:
            return _Fate.IS_OVER
        # A server that lags behind still shows it. The log is written together with the cancel.
        with suppress(BasetenError):
            for newest in await environment.history(limit=1):
                if (newest.deployment_id, newest.state) == (promotion.deployment_id, "cancelled"):
                    return _Fate.CANCELLED
    return _Fate.RUNS


async def _cancellation(run: Run, promotion: ModelPromotion) -> Cancellation:
    """The cancellation whose response was lost."""
    token = Token(
        kind="cancellation",
        resource_id=Token.load(promotion.token).resource_id,
        environment_name=promotion.environment_name,
        deployment_id=promotion.deployment_id,
        previous_id=promotion.previous_id,
    )
    return await run.client.resume(token.dump(), expect=Cancellation, look=False)
