"""Which of the things that the API lists has a name. Pure.

Names are unique only within a team, so that one name may mean several things: then none is chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Literal, TypeAlias, TypeVar

from .errors import AmbiguousNameError, NameNotFoundError

T = TypeVar("T")

Kind: TypeAlias = Literal["chain", "model", "deployment"]

# Candidates in a message. The error has all of them.
_MOST_SHOWN = 10


def one_named(kind: Kind, name: str, listed: Sequence[T], *, team: str | None = None) -> T | None:
    """The thing with exactly this name, or ``None`` if there is none.

    Args:
        kind: What they are.
        name: The name.
        listed: The things; others than those with the name are ignored, because servers before July
            2026 ignore the filter by name.
        team: The name of the team that it must belong to; ``None`` for any.

    Raises:
        AmbiguousNameError: There are several.
    """
    found = [one for one in listed if _text(one, "name") == name and _is_of(team, one)]
    if len(found) <= 1:
        return found[0] if found else None
    shown = "; ".join(_described(one) for one in found[:_MOST_SHOWN])
    more = f"; and {len(found) - _MOST_SHOWN} more" if len(found) > _MOST_SHOWN else ""
    advice = f"use the id, as in .{kind}({_text(found[0], 'id')!r})"
    if kind != "deployment" and team is None:
        advice = f"pass team=, or {advice}"
    raise AmbiguousNameError(
        f"{len(found)} {kind}s are named {name!r}: {shown}{more}. None was chosen: {advice}",
        name=name,
        candidates=tuple(found),
    )


def not_found(
    kind: Kind, name: str, known: Sequence[object], *, team: str | None = None
) -> NameNotFoundError:
    """The error for a name that nothing has.

    Args:
        kind: What was looked for.
        name: The name.
        known: The things that exist, as far as known.
        team: The name of the team that it had to belong to; ``None`` for any.
    """
    where = "" if team is None else f" in team {team!r}"
    message = f"no {kind} is named {name!r}{where}"
    names = [_text(one, "name") for one in known if _is_of(team, one)]
    similar = tuple(dict.fromkeys(_similar(name, names)))
    elsewhere = [one for one in known if _text(one, "name") == name]
    if any(_text(one, "id") == name for one in known):
        message += f". It is the id of one: use .{kind}({name!r})"
    elif elsewhere:
        teams = sorted({_text(one, "team_name") for one in elsewhere})
        message += f". Other teams have one: {', '.join(teams)}"
    elif similar:
        message += f". Similar names: {', '.join(map(repr, similar))}"
    return NameNotFoundError(message, name=name, similar=similar)


def _similar(name: str, names: Sequence[str]) -> list[str]:
    """Names that differ in little, with those first that differ in case alone."""
    same = [one for one in names if one.casefold() == name.casefold()]
    return [*same, *get_close_matches(name, names)]


def _is_of(team: str | None, one: object) -> bool:
    return team is None or _text(one, "team_name") == team


def _described(one: object) -> str:
    team, created = _text(one, "team_name"), _value(one, "created_at")
    of = f" of team {team!r}" if team else ""
    made = f", created {created:%Y-%m-%d %H:%M %Z}" if isinstance(created, datetime) else ""
    return f"{_text(one, 'id')}{of}{made}"


def _text(one: object, field: str) -> str:
    value = _value(one, field)
    return value if isinstance(value, str) else ""


def _value(one: object, field: str) -> Any:
    """A field of what the API sent, which may be missing or of another type."""
    return getattr(one, field, None)
