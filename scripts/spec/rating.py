"""The meaning of a change for users of the facade. All ratings are here.

They differ from a general tool's: our enums are open, unknown fields are kept, and a field that
nobody sets is not sent. So a new enum value is usually safe. A new default is not: it changes the
server's behaviour for everybody who does not set the field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum

from spec.leaning import Leaning
from spec.schema_changes import Change


class Rating(IntEnum):
    """Ordered from harmless to harmful."""

    PROSE = 0
    SAFE = 1
    DECISION = 2
    BREAKING = 3


@dataclass(frozen=True)
class Rated:
    """A change, its rating, and the next step."""

    change: Change
    rating: Rating
    because: str


Verdict = tuple[Rating, str]

_SRC = "Adapt src/aiobaseten and openapi/leans-on.yaml first."
_OPTIONAL = "It is optional. Requests without it are still valid."
_VALID = "The requests of the facade are still valid."
_NAME_ONLY = "Only the name has changed. Changes inside the schema have their own lines."
_EVERY_SUCCESS = "The body is the same. The facade treats every success (2xx) alike."
_REFUSALS = "The facade knows a refusal by its status."
_STAYS = "Baseten keeps it after all."
_OVERLAY = "To keep the old form, use openapi/overlay.yaml."

_WHATEVER_THE_DIRECTION: dict[str, Verdict] = {
    "prose": (Rating.PROSE, "Only words changed."),
    "operation removed": (
        Rating.BREAKING,
        "We call it. If it has moved, update openapi/overlay.yaml.",
    ),
    "operation moved": (Rating.BREAKING, "Released versions call the old path."),
    "operation added": (Rating.SAFE, "A new operation changes nothing for users."),
    "operation deprecated": (Rating.DECISION, "Find the replacement and the end date."),
    "operation no longer deprecated": (Rating.SAFE, _STAYS),
    "stability changed": (Rating.DECISION, "Find out what Baseten still promises."),
    "path parameter renamed": (Rating.SAFE, "Only the position of a path parameter matters."),
    "security changed": (
        Rating.DECISION,
        "The facade writes the header. Find out whether Baseten still accepts it.",
    ),
    "servers changed": (
        Rating.DECISION,
        "Compare them with the addresses in src/aiobaseten, and change those if they are wrong.",
    ),
    "parameter added": (Rating.SAFE, _OPTIONAL),
    "required parameter added": (Rating.BREAKING, f"We do not send it. {_SRC}"),
    "parameter removed": (
        Rating.DECISION,
        "Baseten ignores or refuses it now. If src/aiobaseten sends it, remove it there.",
    ),
    "parameter became required": (Rating.BREAKING, f"We do not always send it. {_SRC}"),
    "parameter became optional": (Rating.SAFE, _VALID),
    "body added": (Rating.SAFE, _OPTIONAL),
    "required body added": (Rating.BREAKING, f"We do not send one. {_SRC}"),
    "body removed": (
        Rating.DECISION,
        "Baseten ignores or refuses one now. If src/aiobaseten sends one, remove it there.",
    ),
    "body became required": (Rating.BREAKING, f"Do we always send one? {_SRC}"),
    "body became optional": (Rating.SAFE, _VALID),
    "answer added": (
        Rating.DECISION,
        "The facade decodes every success like the first documented one. Does this body fit, too?",
    ),
    "answer removed": (
        Rating.BREAKING,
        f"Success now has another body, or none. {_SRC}",
    ),
    "equal answer added": (Rating.SAFE, _EVERY_SUCCESS),
    "equal answer removed": (Rating.SAFE, _EVERY_SUCCESS),
    "refusal added": (Rating.SAFE, _REFUSALS),
    "refusal removed": (Rating.SAFE, _REFUSALS),
    "body of the answer added": (Rating.SAFE, "Released versions ignore it."),
    "body of the answer removed": (Rating.BREAKING, f"The facade reads it. {_SRC}"),
    "limits changed": (Rating.SAFE, "The facade checks no limits. Baseten checks them."),
    "field no longer deprecated": (Rating.SAFE, _STAYS),
    "field deprecated": (Rating.DECISION, "Find the replacement and the end date."),
    "other": (Rating.DECISION, "The meaning is unknown. Read the change."),
}


def rate(changes: Iterable[Change], leaning: Leaning) -> list[Rated]:
    """Rate the changes and sort them, the worst first."""
    rated = [_rated(change, leaning) for change in changes]
    return sorted(rated, key=lambda one: (-one.rating, one.change.place, one.change.kind))


def _rated(change: Change, leaning: Leaning) -> Rated:
    if change.kind in _WHATEVER_THE_DIRECTION:
        return Rated(change, *_WHATEVER_THE_DIRECTION[change.kind])
    verdicts = [_DIRECTIONS[way](change, leaning) for way in sorted(change.directions)]
    # The component of an unused schema.
    rating, because = max(verdicts, default=(Rating.SAFE, "Nothing uses it."))
    return Rated(change, rating, because)


def _rate_answered(change: Change, leaning: Leaning) -> Verdict:
    """The verdict on a change of a response."""
    leaned_on = leaning.is_read(change.place)
    if change.kind == "answer changed":
        if leaning.reads_answer(str(change.before)):
            return Rating.BREAKING, f"The facade reads it. {_SRC}"
        return Rating.SAFE, "The facade reads no field of this answer."
    if change.kind == "schema renamed":
        if leaning.names(str(change.before)):
            return (
                Rating.DECISION,
                "Changes inside it have their own lines. Rename it in openapi/leans-on.yaml.",
            )
        return Rating.SAFE, _NAME_ONLY
    if change.kind == "string became an enum":
        return Rating.SAFE, "Our enums are open. Their values are strings."
    if change.kind == "enum value added" and change.place in leaning.sorts:
        where = leaning.sorts[change.place]
        return Rating.DECISION, f"An unknown status counts as pending. Add it to {where}."
    safe = {
        "enum value added": "Our enums are open: an unknown value is no error.",
        "enum value removed": "Our enums are open: old answers still fit.",
        "field added": "Released versions keep it in `additional_properties`.",
        "no longer nullable": "Code that expects null still works.",
        "default changed": "The facade sets no defaults in an answer.",
    }
    if change.kind in safe:
        return Rating.SAFE, safe[change.kind]
    if change.kind in ("required field added", "field became required"):
        return (
            Rating.DECISION,
            "In an answer without it, the field is UNSET and a warning is logged. Accept it, or "
            "use make_optional or leave_out in openapi/overlay.yaml.",
        )
    if leaned_on:
        return Rating.BREAKING, f"The facade reads it. {_SRC}"
    if change.kind == "field removed":
        return Rating.DECISION, f"Users may read it in our return values. {_OVERLAY}"
    return Rating.DECISION, f"Users who read it get something else. {_OVERLAY}"


def _rate_sent(change: Change, leaning: Leaning) -> Verdict:
    """The verdict on a change of a request."""
    component, _, field = change.place.partition(".")
    sent = leaning.sends.get(component, {})
    if change.kind == "default changed":
        return (
            Rating.DECISION,
            "We send no defaults, so this changes Baseten's behaviour for everybody who does not "
            "set the field. Update CHANGELOG.md and the docstrings.",
        )
    if change.kind in ("required field added", "field became required"):
        if sent.get(field, False):
            return Rating.SAFE, "The facade always sends it."
        return Rating.BREAKING, f"We do not always send it. {_SRC}"
    if change.kind == "schema renamed":
        return Rating.SAFE, _NAME_ONLY
    if change.kind in ("field removed", "type changed", "format changed") and field in sent:
        return Rating.BREAKING, f"We send it. {_SRC}"
    safe = {
        "enum value added": "Nobody has to send it.",
        "field added": _OPTIONAL,
        "field removed": "The facade does not send it.",
        "field became optional": _VALID,
        "became nullable": _VALID,
    }
    if change.kind in safe:
        return Rating.SAFE, safe[change.kind]
    return Rating.DECISION, "Baseten may refuse values that users send."


_DIRECTIONS: dict[str, Callable[[Change, Leaning], Verdict]] = {
    "answered": _rate_answered,
    "sent": _rate_sent,
}
