"""The token that one try of a task saves for the next try.

Airflow's task state store keeps it with the task instance, across tries. A try saves a token right
before it sends a request, so that the next try can tell whether the request had an effect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from attrs import frozen

if TYPE_CHECKING:
    from airflow.sdk import Context

# Stored in running Airflows: do not change this key, nor the keys "text" and "go" below.
_KEY = "aiobaseten"


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
    """The token that was saved last, or ``None``."""
    stored = cast("dict[str, Any] | None", context["task_state_store"].get(_KEY))
    if not stored:
        return None
    return SavedToken(stored["text"], cleared_since=stored["go"] != _tries_granted(context))


def save(context: Context, token: str) -> None:
    """Save a token. It replaces an earlier one."""
    context["task_state_store"].set(_KEY, {"text": token, "go": _tries_granted(context)})


def delete(context: Context) -> None:
    """Delete the saved token after a success: if the task is cleared later, it starts again."""
    context["task_state_store"].delete(_KEY)


def _tries_granted(context: Context) -> int:
    # It grows when somebody clears the task, and at no other time.
    return context["ti"].max_tries
