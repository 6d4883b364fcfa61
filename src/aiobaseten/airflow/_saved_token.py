"""The token that one try of a task saves for the next try.

Airflow's task state store keeps it with the task instance, across tries. A try saves a token right
before it sends a request, so that the next try can tell whether the request had an effect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from attrs import frozen

if TYPE_CHECKING:
    from airflow.sdk import Context

# Stored in running Airflows: do not change these keys, nor the keys "text", "go" and "done".
KEY = "aiobaseten"
_REPORT_KEY = "aiobaseten_report"


@frozen
class SavedToken:
    """The token that an earlier try saved.

    Attributes:
        text: The token.
        cleared_since: Whether somebody has cleared the task since then.
    """

    text: str
    cleared_since: bool


def load(context: Context) -> SavedToken | None:
    """The token that was saved last; ``None`` also if the task was cleared after a success."""
    saved = cast("dict[str, Any] | None", context["task_state_store"].get(KEY))
    if not saved:
        return None
    cleared_since = not is_current(context, saved)
    return None if cleared_since and saved.get("done") else SavedToken(saved["text"], cleared_since)


def save(context: Context, token: str) -> None:
    """Save a token. It replaces an earlier one."""
    context["task_state_store"].set(KEY, stored(context, token))


def stored(context: Context, token: str) -> dict[str, Any]:
    """A token as it is saved."""
    return {"text": token, "go": _tries_granted(context)}


def is_current(context: Context, saved: dict[str, Any]) -> bool:
    """Whether nobody has cleared the task since a token was saved."""
    return bool(saved["go"] == _tries_granted(context))


def save_report(context: Context, report: dict[str, Any]) -> None:
    """Save the report of a guard for the next try: Airflow deletes the XComs of this one."""
    saved = {"report": report, "go": _tries_granted(context)}
    context["task_state_store"].set(_REPORT_KEY, cast("Any", saved))


def load_report(context: Context) -> dict[str, Any] | None:
    """The report of earlier tries, or ``None``."""
    saved = cast("dict[str, Any] | None", context["task_state_store"].get(_REPORT_KEY))
    return saved["report"] if saved and is_current(context, saved) else None


def note_success(context: Context) -> None:
    """Note that the task has succeeded: if it is cleared later, it starts again.

    The token stays. If the worker dies now, or the scheduler takes it for dead, Airflow loses the
    success, and the next try must not send the request again.
    """
    saved = cast("dict[str, Any]", context["task_state_store"].get(KEY) or {})
    context["task_state_store"].set(KEY, cast("Any", {**saved, "done": True}))


def _tries_granted(context: Context) -> int:
    # It grows when somebody clears the task, and at no other time.
    return context["ti"].max_tries
