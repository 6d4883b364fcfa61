"""The word that a try of a task leaves for the next one.

Airflow keeps it with the task instance, over its tries: a worker that dies right after it asked
for a promotion has left word that it was about to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from attrs import frozen

if TYPE_CHECKING:
    from airflow.sdk import Context

KEY = "aiobaseten"


@frozen
class Word:
    """What an earlier try left.

    Attributes:
        text: What it left: a token, or an id.
        is_ours: Whether that try and this one are of one go: nobody has cleared the task since.
    """

    text: str
    is_ours: bool


def recall(context: Context) -> Word | None:
    """The word that was left last, if any."""
    left = cast("dict[str, Any] | None", context["task_state_store"].get(KEY))
    return Word(left["text"], left["go"] == _go(context)) if left else None


def leave(context: Context, text: str) -> None:
    """Leave word, in place of what was left before."""
    context["task_state_store"].set(KEY, {"text": text, "go": _go(context)})


def forget(context: Context) -> None:
    """It has come to a good end: who clears the task after this wants it to begin anew."""
    context["task_state_store"].delete(KEY)


def _go(context: Context) -> int:
    """What all tries between two clearings have in common: clearing a task grants it new tries."""
    return context["ti"].max_tries
