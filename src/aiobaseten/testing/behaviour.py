"""Open questions of Baseten's documentation, each as an option of the fake."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

from ._pairs import all_pairs


@cache
def _hints() -> dict[str, Any]:
    """The types of the fields; to find them takes long, and tests make many."""
    return get_type_hints(Behaviour)


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """The fake's answers to questions that Baseten's documentation leaves open.

    The defaults are one interpretation of it. `plausible` gives the others. Durations are seconds
    in the fake's time; ``math.inf`` is for ever.

    Attributes:
        terminal_promotion_for: Seconds for which ``in_progress_promotion`` stays readable after
            the promotion has ended (and, if it succeeded, ``current_deployment`` has followed);
            with 0 it is null at once.
        failed_candidate: Whether a candidate that failed stays in ``candidate_deployment``.
        canceled_candidate: The same after a cancelled promotion.
        succeeded_candidate: The same after a promotion that succeeded. It is null at once, or stays
            until ``current_deployment`` has followed (``pointer_lag``), or until the next
            promotion.
        candidate_cleanup: When a candidate that did not become current is shut down: if a promotion
            that was cancelled had made it, always, or never. A deployment that was in an
            environment before the promotion is never shut down.
        pointer_lag: Seconds for which ``current_deployment`` still shows the deployment before,
            after a promotion has succeeded. The promotion is shown as long.
        failure_noticed_after: Seconds from the candidate's failure until the promotion is FAILED.
        chain_promotion: Whether a chain's environment shows ``in_progress_promotion``, has null
            there, or lacks the field.
        chain_environment_list: Whether the list of a chain's environments has a shape of its own,
            or the shape of a model's, as the published specs declare. In the latter, environments
            and their deployments have a model's fields only.
        chain_status: Which chainlet's status is the chain's: the worst, the best or the first.
        deployment_ids: When a promotion makes a new deployment: as documented (the deployment is
            in an environment already, has another instance type, or redeploy_on_promotion is set),
            always, or never.
        busy_status: HTTP status of a promote while another promotion is in progress.
        unready_source: Whether a deployment that is inactive or failed may be promoted.
        stale_for: Seconds for which reads still show the state before a promote, activate, retry
            or wake.
        hidden_for: Seconds for which requests for a deployment that a promotion made get 404.
        replica_lags: Read replicas: the seconds by which each is behind. A read shows everything
            exactly as it was so many seconds ago; requests that are not GET see the newest state.
            With ``(0, 8)``, every second read of a path is 8 seconds behind.
        replica_order: Which replica answers a read: one after the other, for each path, or a random
            one (with a fixed seed).
        signals_succeed: Whether pause, resume, force_cancel and force_roll_forward report success;
            with False they have no effect either.
        promotion_override: Whether ``promotion_settings_override`` has an effect, or is ignored, as
            a server of before August 2026 might.
        cancel_seen_after: Seconds from the response to a cancel or force_cancel until it takes
            effect. Until then the promotion goes on, and may still end in another way.
        roll_back: Whether a graceful cancel takes the traffic back step by step or at once.
        roll_forward: Whether a forced roll forward happens at once or at the next step.
        unknown_key: HTTP status for an unknown API key: 403, as observed, or 401, as documented. A
            request without a key gets 401.
        error_body: The fields of an error: code and message, error and message, error alone,
            detail alone, or plain text.
        retry_after_header: Whether a 429 has a Retry-After header too.
        audit_log: Whether the key may read audit logs, gets 403, or the API has none (404).
        audit_log_lag: Seconds until an audit log shows an entry; beside those of a replica.
        audit_log_names: Whether the entry of a promotion names the deployment that is being
            promoted, or the one that it was made from.
        settings_shown_after: Seconds until reads show a change of an environment's settings.
        settings_during_promotion: Whether such a change waits for the end of a promotion.
        settings_answer: Whether the answer to such a change has the environment, as since August
            2026, or a status alone.
        startups: Whether the API has the routes of startups, which only the official SDK shows, or
            answers 404.
        metrics_lag: Seconds until metrics show a request.
        metrics_per_minute: How many requests for metrics a minute get an answer; more get 429.
        metrics_statuses: Whether requests are counted by their status, such as 200, or by its
            class, such as 2xx.
        metrics_without_requests: How a window without visible requests shows their number: as
            zero, as null, or without any series.
    """

    terminal_promotion_for: float = math.inf
    failed_candidate: Literal["lingers", "null"] = "lingers"
    canceled_candidate: Literal["null", "lingers"] = "null"
    succeeded_candidate: Literal["null", "until current", "lingers"] = "null"
    candidate_cleanup: Literal["canceled", "always", "never"] = "canceled"
    pointer_lag: float = 0.0
    failure_noticed_after: float = 0.0
    chain_promotion: Literal["shown", "null", "absent"] = "shown"
    chain_environment_list: Literal["chain", "model"] = "chain"
    chain_status: Literal["worst", "best", "first"] = "worst"
    deployment_ids: Literal["documented", "new", "same"] = "documented"
    busy_status: Literal[400, 409] = 400
    unready_source: Literal["accepted", "refused"] = "accepted"
    stale_for: float = 0.0
    hidden_for: float = 0.0
    replica_lags: tuple[float, ...] = (0.0,)
    replica_order: Literal["alternating", "random"] = "alternating"
    signals_succeed: bool = True
    promotion_override: Literal["honoured", "ignored"] = "honoured"
    cancel_seen_after: float = 0.0
    roll_back: Literal["step by step", "at once"] = "step by step"
    roll_forward: Literal["at once", "next step"] = "at once"
    unknown_key: Literal[403, 401] = 403
    error_body: Literal["code", "error", "bare", "detail", "text"] = "code"
    retry_after_header: bool = False
    audit_log: Literal["readable", "forbidden", "missing"] = "readable"
    audit_log_lag: float = 0.0
    audit_log_names: Literal["candidate", "source"] = "candidate"
    settings_shown_after: float = 2.0
    settings_during_promotion: Literal["queued", "accepted"] = "queued"
    settings_answer: Literal["environment", "status"] = "environment"
    startups: Literal["readable", "missing"] = "readable"
    metrics_lag: float = 90.0
    metrics_per_minute: float = math.inf
    metrics_statuses: Literal["code", "class"] = "code"
    metrics_without_requests: Literal["zero", "null", "absent"] = "zero"

    def __post_init__(self) -> None:
        for name, hint in _hints().items():
            value = getattr(self, name)
            if get_origin(hint) is Literal and value not in get_args(hint):
                known = ", ".join(map(repr, get_args(hint)))
                raise ValueError(f"{name} is one of {known}, not {value!r}")
            if hint is float and not value >= 0:
                raise ValueError(f"{name} is seconds from 0 up, not {value!r}")
        lags = self.replica_lags
        if not (lags and all(0 <= lag < math.inf for lag in lags)):
            raise ValueError(f"replica_lags are seconds from 0 up, one for each, not {lags!r}")

    @classmethod
    def plausible(cls, *, one_at_a_time: bool = False) -> Iterator[Behaviour]:
        """Behaviours for tests that must pass whichever is true; the first has the defaults.

        Each two answers to two different questions appear together in at least one of them.
        Answers that would hide a promotion from its observers, such as signals that never succeed,
        are left out, and those about metrics.

        Args:
            one_at_a_time: Instead, change the defaults by one answer each time. A test that fails
                then names the cause.
        """
        usual = cls()
        if one_at_a_time:
            yield usual
            for name, values in _ALTERNATIVES.items():
                for value in values:
                    yield replace(usual, **{name: value})
            return
        answers = {name: (getattr(usual, name), *values) for name, values in _ALTERNATIVES.items()}
        for answer in all_pairs(answers):
            yield replace(usual, **answer)


_ALTERNATIVES: Final[dict[str, tuple[Any, ...]]] = {
    "terminal_promotion_for": (0.0, 5.0),
    "failed_candidate": ("null",),
    "canceled_candidate": ("lingers",),
    "succeeded_candidate": ("until current", "lingers"),
    "candidate_cleanup": ("always", "never"),
    "pointer_lag": (8.0,),
    "failure_noticed_after": (30.0, math.inf),
    "chain_promotion": ("null", "absent"),
    "chain_environment_list": ("model",),
    "chain_status": ("best", "first"),
    "deployment_ids": ("new", "same"),
    "busy_status": (409,),
    "unready_source": ("refused",),
    "stale_for": (3.0,),
    "hidden_for": (5.0,),
    "replica_lags": ((0.0, 8.0),),
    "replica_order": ("random",),
    "promotion_override": ("ignored",),
    "cancel_seen_after": (5.0,),
    "roll_back": ("at once",),
    "roll_forward": ("next step",),
    "unknown_key": (401,),
    "error_body": ("error", "bare", "detail", "text"),
    "retry_after_header": (True,),
    "audit_log_lag": (8.0,),
    "audit_log_names": ("source",),
    "settings_shown_after": (0.0, 60.0),
    "settings_during_promotion": ("accepted",),
    "settings_answer": ("status",),
}
