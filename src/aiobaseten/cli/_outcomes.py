"""How a command can end: one table, for the code, the help and the documentation.

The statuses from 3 to 6 are those of Baseten's own command line.
"""

from __future__ import annotations

from enum import Enum


class Outcome(Enum):
    """How a command ended.

    Attributes:
        exit_status: What the process ends with.
        label: What JSON and GitHub call it.
        meaning: One sentence for a person.
    """

    exit_status: int
    label: str
    meaning: str

    DONE = (0, "done", "Done; with --wait, and for wait: it serves.")
    ERROR = (1, "error", "Something else went wrong, such as an answer that makes no sense.")
    USAGE = (2, "usage", "The arguments, the settings or the token are wrong; nothing was begun.")
    REFUSED = (3, "refused", "The API key is wrong, or may not do this (401, 403).")
    NOT_FOUND = (4, "not_found", "There is no such chain, model, environment or deployment (404).")
    REJECTED = (
        5,
        "rejected",
        "Not in this state: a promotion is under way, or none is, or invalid (400, 409, 422).",
    )
    UNAVAILABLE = (6, "unavailable", "Baseten gave no answer that helps (network, 429, 5xx).")
    FAILED = (10, "failed", "The promotion or the deployment failed.")
    TIMED_OUT = (11, "timed_out", "Time ran out; Baseten keeps working. The token goes on.")
    SUPERSEDED = (12, "superseded", "Another deployment took its place.")
    PAUSED = (13, "paused", "The promotion is paused, and --on-paused is fail.")
    CANCELLED = (14, "cancelled", "Somebody cancelled the promotion.")
    UNKNOWN = (15, "unknown", "The answer was lost: the promotion may or may not have begun.")
    INTERRUPTED = (130, "interrupted", "Ctrl-C; what was begun at Baseten goes on there.")
    PIPE_CLOSED = (141, "pipe_closed", "Whoever read the output went away.")
    TERMINATED = (143, "terminated", "SIGTERM; what was begun at Baseten goes on there.")

    def __init__(self, exit_status: int, label: str, meaning: str) -> None:
        self.exit_status = exit_status
        self.label = label
        self.meaning = meaning


def table() -> str:
    """The exit statuses, for the help."""
    return "\n".join(f"  {one.exit_status:3}  {one.meaning}" for one in Outcome)
