"""Open questions of Baseten's documentation, each as an option of the fake."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, get_args, get_type_hints


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """The fake's answers to questions that Baseten's documentation leaves open.

    The defaults are one interpretation of it. `plausible` gives the others. Durations are seconds
    in the fake's time; ``math.inf`` is for ever.

    Attributes:
        terminal_promotion_for: Seconds for which ``in_progress_promotion`` stays readable after
            the promotion has ended; with 0 it is null at once.
        failed_candidate: Whether a candidate that failed stays in ``candidate_deployment``.
        canceled_candidate: The same after a cancelled promotion.
        failure_noticed_after: Seconds from the candidate's failure until the promotion is FAILED.
        chain_promotion: Whether a chain's environment shows ``in_progress_promotion``, has null
            there, or lacks the field.
        chain_environment_list: Whether the list of a chain's environments has a shape of its own,
            or the shape of a model's, as the published specs declare. In the latter, environments
            have a model's fields only; their deployments have a chain's fields too.
        chain_status: Which chainlet's status is the chain's: the worst, the best or the first.
        deployment_ids: When a promotion makes a new deployment: as documented (the deployment is
            in an environment already, has another instance type, or redeploy_on_promotion is set),
            always, or never.
        busy_status: HTTP status of a promote while another promotion is in progress.
        unready_source: Whether a deployment that is inactive or failed may be promoted.
        stale_for: Seconds for which reads still show the state before a promote, activate, retry
            or wake.
        hidden_for: Seconds for which requests for a deployment that a promotion made get 404.
        signals_succeed: Whether pause, resume, force_cancel and force_roll_forward report success;
            with False they have no effect either.
        roll_forward: Whether a forced roll forward happens at once or at the next step.
        error_body: The fields of an error: code and message, error and message, error alone,
            detail alone, or plain text.
        retry_after_header: Whether a 429 has a Retry-After header too.
        audit_log: Whether the key may read audit logs, gets 403, or the API has none (404).
        audit_log_names: Whether the entry of a promotion names the deployment that is being
            promoted, or the one that it was made from.
    """

    terminal_promotion_for: float = math.inf
    failed_candidate: Literal["lingers", "null"] = "lingers"
    canceled_candidate: Literal["null", "lingers"] = "null"
    failure_noticed_after: float = 0.0
    chain_promotion: Literal["shown", "null", "absent"] = "shown"
    chain_environment_list: Literal["chain", "model"] = "chain"
    chain_status: Literal["worst", "best", "first"] = "worst"
    deployment_ids: Literal["documented", "new", "same"] = "documented"
    busy_status: Literal[400, 409] = 400
    unready_source: Literal["accepted", "refused"] = "accepted"
    stale_for: float = 0.0
    hidden_for: float = 0.0
    signals_succeed: bool = True
    roll_forward: Literal["at once", "next step"] = "at once"
    error_body: Literal["code", "error", "bare", "detail", "text"] = "code"
    retry_after_header: bool = False
    audit_log: Literal["readable", "forbidden", "missing"] = "readable"
    audit_log_names: Literal["candidate", "source"] = "candidate"

    def __post_init__(self) -> None:
        for name, hint in get_type_hints(type(self)).items():
            choices, value = get_args(hint), getattr(self, name)
            if choices and value not in choices:
                known = ", ".join(map(repr, choices))
                raise ValueError(f"{name} is one of {known}, not {value!r}")
        for name in _DURATIONS:
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} is seconds from 0 up, not {getattr(self, name)!r}")

    @classmethod
    def plausible(cls) -> Iterator[Behaviour]:
        """The defaults, then each other answer to each single question.

        For tests that must pass whichever answer is true. Answers that would hide a promotion from
        its observers, such as signals that never succeed, are left out.
        """
        yield cls()
        for name, values in _ALTERNATIVES.items():
            for value in values:
                yield replace(cls(), **{name: value})


_DURATIONS: Final = ("terminal_promotion_for", "failure_noticed_after", "stale_for", "hidden_for")
_ALTERNATIVES: Final[dict[str, tuple[Any, ...]]] = {
    "terminal_promotion_for": (0.0, 5.0),
    "failed_candidate": ("null",),
    "canceled_candidate": ("lingers",),
    "failure_noticed_after": (30.0, math.inf),
    "chain_promotion": ("null", "absent"),
    "chain_environment_list": ("model",),
    "chain_status": ("best", "first"),
    "deployment_ids": ("new", "same"),
    "busy_status": (409,),
    "unready_source": ("refused",),
    "stale_for": (3.0,),
    "hidden_for": (5.0,),
    "roll_forward": ("next step",),
    "error_body": ("error", "bare", "detail", "text"),
    "retry_after_header": (True,),
    "audit_log_names": ("source",),
}
