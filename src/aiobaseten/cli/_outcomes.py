"""The outcomes of a command: one table for the code, the help and the documentation.

The exit statuses from 3 to 6 are those of Baseten's own command line.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum


class Outcome(Enum):
    """The outcome of a command.

    Attributes:
        exit_status: The exit status of the process.
        label: The name in JSON and in the outputs for GitHub.
        meaning: The meaning, for people.
    """

    exit_status: int
    label: str
    meaning: str

    DONE = (0, "done", "Success. If the command waited, the wait succeeded.")
    ERROR = (1, "error", "Another error, such as an unexpected response.")
    USAGE = (2, "usage", "Invalid arguments, settings or token. Nothing was started.")
    REFUSED = (3, "refused", "The API key is wrong, or lacks permission (401, 403).")
    NOT_FOUND = (4, "not_found", "No such chain, model, environment or deployment (404).")
    REJECTED = (
        5,
        "rejected",
        "Invalid, or not possible now, such as during another promotion (400, 409, 422).",
    )
    UNAVAILABLE = (
        6,
        "unavailable",
        "No useful response from Baseten (network, 429, 5xx). No promotion was started.",
    )
    FAILED = (10, "failed", "The promotion or the deployment failed.")
    TIMED_OUT = (
        11,
        "timed_out",
        "The wait timed out. Baseten keeps working; the token continues the wait.",
    )
    SUPERSEDED = (12, "superseded", "Another promotion replaced this one.")
    PAUSED = (13, "paused", "The promotion is paused, and --on-paused is fail.")
    CANCELLED = (14, "cancelled", "Somebody cancelled the promotion.")
    UNKNOWN = (
        15,
        "unknown",
        "The response was lost. The promotion may have started, or be cancelled.",
    )
    BREACHED = (
        16,
        "breached",
        "The guard found a breach. The message says where the traffic is.",
    )
    GUARD_UNAVAILABLE = (
        17,
        "guard_unavailable",
        "The guard could not measure the steps. The message says where the traffic is.",
    )
    ROLLED_BACK = (
        18,
        "rolled_back",
        "The promotion did not succeed. The environment serves as before.",
    )
    INTERRUPTED = (130, "interrupted", "Ctrl-C. Baseten continues a promotion that was started.")
    PIPE_CLOSED = (141, "pipe_closed", "The reader of the output closed the pipe.")
    TERMINATED = (
        143,
        "terminated",
        "SIGTERM or SIGHUP. Baseten continues a promotion that was started.",
    )

    def __init__(self, exit_status: int, label: str, meaning: str) -> None:
        self.exit_status = exit_status
        self.label = label
        self.meaning = meaning


#: From the one that needs a person most: the outcome of several targets is the first of these that
#: one of them has.
WORST_FIRST = (
    Outcome.INTERRUPTED,
    Outcome.TERMINATED,
    Outcome.PIPE_CLOSED,
    Outcome.UNKNOWN,
    Outcome.BREACHED,
    Outcome.FAILED,
    Outcome.GUARD_UNAVAILABLE,
    Outcome.ERROR,
    Outcome.CANCELLED,
    Outcome.SUPERSEDED,
    Outcome.PAUSED,
    Outcome.TIMED_OUT,
    Outcome.ROLLED_BACK,
    Outcome.REFUSED,
    Outcome.NOT_FOUND,
    Outcome.REJECTED,
    Outcome.UNAVAILABLE,
    Outcome.USAGE,
    Outcome.DONE,
)
#: Every command can end with these.
OF_EVERY_COMMAND = frozenset(
    {
        Outcome.DONE,
        Outcome.ERROR,
        Outcome.USAGE,
        Outcome.REFUSED,
        Outcome.NOT_FOUND,
        Outcome.REJECTED,
        Outcome.UNAVAILABLE,
        Outcome.INTERRUPTED,
        Outcome.PIPE_CLOSED,
        Outcome.TERMINATED,
    }
)
#: A wait for a deployment, too.
OF_DEPLOYMENTS = frozenset({Outcome.FAILED, Outcome.TIMED_OUT})
#: A cancellation, too.
OF_CANCELLATIONS = frozenset({Outcome.TIMED_OUT, Outcome.SUPERSEDED, Outcome.UNKNOWN})
#: A promotion without a guard, too.
OF_PROMOTIONS = frozenset(
    {
        Outcome.FAILED,
        Outcome.TIMED_OUT,
        Outcome.SUPERSEDED,
        Outcome.PAUSED,
        Outcome.CANCELLED,
        Outcome.UNKNOWN,
    }
)
#: One that is taken back after a failure, too.
OF_ROLLBACKS = frozenset({Outcome.ROLLED_BACK})
#: One with a guard, too.
OF_GUARDS = frozenset({Outcome.BREACHED, Outcome.GUARD_UNAVAILABLE})


def help_table(outcomes: Collection[Outcome] = tuple(Outcome)) -> str:
    """The exit statuses, for the help.

    Args:
        outcomes: Those that are possible. Default: all.
    """
    possible = [one for one in Outcome if one in outcomes]
    return "\n".join(f"  {one.exit_status:3}  {one.meaning}" for one in possible)
