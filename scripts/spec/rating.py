"""What a change means to users of the facade. Here, and nowhere else, are the ratings.

They are not those of a general tool: our enums are open, fields that the spec does not know are
kept, and a field that nobody sets is not sent. So a new enum value is safe as a rule, and a new
default is not: what the server does changes under everybody who leaves the choice to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum

from spec.leaning import Leaning
from spec.schema_changes import Change


class Rating(IntEnum):
    """From harmless to harmful."""

    PROSE = 0
    SAFE = 1
    DECISION = 2
    BREAKING = 3


@dataclass(frozen=True)
class Rated:
    """A change, what it means, and what to do."""

    change: Change
    rating: Rating
    because: str


Verdict = tuple[Rating, str]

_SRC = "Change src/aiobaseten first, and say so in openapi/leans-on.yaml."
_OVERLAY = "Say in openapi/overlay.yaml if we want it otherwise."

_WHATEVER_THE_DIRECTION: dict[str, Verdict] = {
    "prose": (Rating.PROSE, "Only words changed."),
    "operation removed": (
        Rating.BREAKING,
        "We call it. If it has moved, say so in openapi/overlay.yaml.",
    ),
    "operation moved": (Rating.BREAKING, "Released versions call it where it was."),
    "operation added": (Rating.SAFE, "Nobody calls it yet."),
    "operation deprecated": (Rating.DECISION, "Find out what takes its place, and until when."),
    "stability changed": (Rating.DECISION, "Find out what Baseten still promises."),
    "path parameter renamed": (Rating.SAFE, "Only its place counts."),
    "security changed": (Rating.DECISION, "The facade writes the header: is it still taken?"),
    "servers changed": (
        Rating.DECISION,
        "Do the addresses in the facade still hold?",
    ),
    "parameter added": (Rating.SAFE, "We do not send it."),
    "required parameter added": (Rating.BREAKING, f"We do not send it. {_SRC}"),
    "parameter removed": (Rating.DECISION, "Do we send it? Then it is ignored, or refused."),
    "parameter became required": (Rating.BREAKING, f"We do not always send it. {_SRC}"),
    "parameter became optional": (Rating.SAFE, "What we send still holds."),
    "body added": (Rating.SAFE, "We do not send one."),
    "required body added": (Rating.BREAKING, f"We do not send one. {_SRC}"),
    "body removed": (Rating.DECISION, "Is ours ignored, or refused?"),
    "body became required": (Rating.BREAKING, f"Do we always send one? {_SRC}"),
    "body became optional": (Rating.SAFE, "What we send still holds."),
    "answer added": (Rating.DECISION, "A new code: the facade takes only the one that it knows."),
    "answer removed": (Rating.BREAKING, f"It is the code that the facade takes. {_SRC}"),
    "answer changed": (Rating.BREAKING, f"The facade reads it. {_SRC}"),
    "body of the answer added": (Rating.SAFE, "Nobody reads it yet."),
    "body of the answer removed": (Rating.BREAKING, f"The facade reads it. {_SRC}"),
    "limits changed": (Rating.SAFE, "We check no limits; Baseten does."),
    "field deprecated": (Rating.DECISION, "Find out what takes its place, and until when."),
    "other": (Rating.DECISION, "Nothing here knows what this means. Read it."),
}


def rate(changes: Iterable[Change], leaning: Leaning) -> list[Rated]:
    """Rate the changes; the worst come first."""
    rated = [_rated(change, leaning) for change in changes]
    return sorted(rated, key=lambda one: (-one.rating, one.change.place, one.change.kind))


def _rated(change: Change, leaning: Leaning) -> Rated:
    if change.kind in _WHATEVER_THE_DIRECTION:
        return Rated(change, *_WHATEVER_THE_DIRECTION[change.kind])
    verdicts = [_DIRECTIONS[way](change, leaning) for way in sorted(change.directions)]
    # A component that no operation needs any more.
    rating, because = max(verdicts, default=(Rating.SAFE, "Nothing uses it."))
    return Rated(change, rating, because)


def _rate_answered(change: Change, leaning: Leaning) -> Verdict:
    """What a change means for what Baseten answers."""
    leaned_on = leaning.is_read(change.place.removesuffix("[]"))
    if change.kind == "enum value added" and change.place in leaning.sorts:
        where = leaning.sorts[change.place]
        return Rating.DECISION, f"Unknown counts as pending. Sort it into {where}."
    safe = {
        "enum value added": "Our enums are open.",
        "enum value removed": "Older answers may still have it, and decode.",
        "field added": "Older versions keep it without a name.",
        "no longer nullable": "Who expects null still may.",
        "default changed": "It says what an answer without the field means.",
    }
    if change.kind in safe:
        return Rating.SAFE, safe[change.kind]
    if change.kind in ("required field added", "field became required"):
        return (
            Rating.DECISION,
            "In an answer without it, the field is UNSET and logged. Make it optional, or leave it "
            "out, in openapi/overlay.yaml; or accept it.",
        )
    if leaned_on:
        return Rating.BREAKING, f"The facade reads it. {_SRC}"
    if change.kind == "field removed":
        return Rating.DECISION, f"Users may read it from what we return. {_OVERLAY}"
    return Rating.DECISION, f"Users who read it meet something else. {_OVERLAY}"


def _rate_sent(change: Change, leaning: Leaning) -> Verdict:
    """What a change means for what we send."""
    component, _, field = change.place.partition(".")
    sent = leaning.sends.get(component, {})
    if change.kind == "default changed":
        return (
            Rating.DECISION,
            "We send no defaults, so Baseten does something else for everybody who leaves the "
            "choice to it. Tell them in CHANGELOG.md, and put it right in docstrings.",
        )
    if change.kind in ("required field added", "field became required"):
        if sent.get(field, False):
            return Rating.SAFE, "We always send it."
        return Rating.BREAKING, f"We do not always send it. {_SRC}"
    if change.kind in ("field removed", "type changed", "format changed") and field in sent:
        return Rating.BREAKING, f"We send it. {_SRC}"
    safe = {
        "enum value added": "Nobody sends it yet.",
        "field added": "We do not send it.",
        "field removed": "We do not send it.",
        "field became optional": "What we send still holds.",
        "became nullable": "What we send still holds.",
    }
    if change.kind in safe:
        return Rating.SAFE, safe[change.kind]
    return Rating.DECISION, "What users send may no longer be taken."


_DIRECTIONS: dict[str, Callable[[Change, Leaning], Verdict]] = {
    "answered": _rate_answered,
    "sent": _rate_sent,
}
