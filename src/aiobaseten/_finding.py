"""Which of the things that the API lists has a name, or is meant by a word. Pure.

Names are unique only within a team, so that one name may mean several things: then none is chosen.
A word that a person typed may be a name or an id, and the id of one thing may be the name of
another: then none is chosen either.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Literal, TypeAlias, TypeVar

from .errors import AmbiguousNameError, NameNotFoundError

T = TypeVar("T")

Kind: TypeAlias = Literal["chain", "model", "deployment"]

#: The word for the newest deployment.
LATEST = "latest"
# Before a word that is an id and no name.
_EXACT = "id:"
# Before the name of an environment: the deployment that serves in it.
_CURRENT = "current:"
# Ids that Baseten makes. A word without a digit may be one, but is more often a name.
_ID = re.compile(r"(?=.*\d)[a-z0-9]{6,10}")
# Baseten names a deployment that a promotion makes after its source, and appends the time.
_MADE_FROM = re.compile(r"[.-]\d{9,}")
# Candidates in a message. The error has all of them.
_MOST_SHOWN = 10


# --- names ---------------------------------------------------------------------------------------


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
    advice = f"use the id, as in .{kind}({_text(found[0], 'id')!r})"
    if kind != "deployment" and team is None:
        advice = f"pass team=, or {advice}"
    raise _ambiguous(f"{len(found)} {kind}s are named {name!r}", name, found, advice)


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
    similar = _similar(name, names)
    elsewhere = [one for one in known if _text(one, "name") == name]
    if any(_text(one, "id") == name for one in known):
        message += f". It is the id of one: use .{kind}({name!r})"
    elif elsewhere:
        teams = sorted({_text(one, "team_name") for one in elsewhere})
        message += f". Other teams have one: {', '.join(teams)}"
    elif similar:
        message += f". Similar names: {', '.join(map(repr, similar))}"
    return NameNotFoundError(message, name=name, similar=similar)


def is_made_from(source_name: object, name: object) -> bool:
    """Whether a promotion certainly made the deployment *name* from the one named *source_name*."""
    if not isinstance(source_name, str) or not isinstance(name, str):
        return False
    appended = name.removeprefix(source_name)
    return appended != name and bool(_MADE_FROM.fullmatch(appended))


# --- words ---------------------------------------------------------------------------------------


def exact_id(word: str) -> str | None:
    """The id of a word such as ``id:abc123``; ``None`` if it is another word."""
    return word.removeprefix(_EXACT) if word.startswith(_EXACT) else None


def environment_meant(word: str) -> str | None:
    """The environment of a word such as ``current:staging``; ``None`` if it is another word."""
    return word.removeprefix(_CURRENT) if word.startswith(_CURRENT) else None


def looks_like_id(word: str) -> bool:
    """Whether Baseten makes such ids. A name may look the same."""
    return bool(_ID.fullmatch(word))


def one_meant(kind: Kind, word: str, listed: Sequence[T]) -> T | None:
    """The thing whose id or whose name is *word*, or ``None`` if there is none.

    Of deployments, ``latest`` is the newest one that was pushed: not the development deployment,
    and none that a promotion made from another.

    Args:
        kind: What they are.
        word: What a person typed.
        listed: All that there are.

    Raises:
        AmbiguousNameError: The word means several, such as one by its id and another by its name.
    """
    found = [one for one in listed if word in (_text(one, "id"), _text(one, "name"))]
    if kind == "deployment" and word == LATEST:
        found += [one for one in _newest(listed) if one not in found]
    if len(found) <= 1:
        return found[0] if found else None
    advice = f"write the id, as in id:{_text(found[0], 'id')}"
    raise _ambiguous(f"{word!r} means {len(found)} {kind}s", word, found, advice)


def none_meant(kind: Kind, word: str, known: Sequence[object]) -> NameNotFoundError:
    """The error for a word that means nothing; as `not_found`."""
    if kind == "deployment" and word == LATEST:
        message = "there is no latest deployment, because none was pushed"
        return NameNotFoundError(message, name=word, similar=())
    names = [_text(one, "name") for one in known]
    similar = _similar(word, names)
    message = f"no {kind} has the name or the id {word!r}"
    if similar:
        message += f". Similar names: {', '.join(map(repr, similar))}"
    elif kind == "deployment" and word == "current":
        message += ". The one that serves in an environment is current:ENVIRONMENT"
    elif names and len(names) <= _MOST_SHOWN:
        message += f". There are: {', '.join(map(repr, names))}"
    return NameNotFoundError(message, name=word, similar=similar)


def _newest(listed: Sequence[T]) -> list[T]:
    """The newest of the deployments that were pushed; several if they are equally old."""
    names = [_text(one, "name") for one in listed]
    pushed = [
        one
        for one in listed
        if _value(one, "is_development") is not True
        and not any(is_made_from(name, _text(one, "name")) for name in names if name)
    ]
    times = [_value(one, "created_at") for one in pushed]
    known = [time for time in times if isinstance(time, datetime)]
    if len(known) < len(times):
        return pushed  # nobody can tell which is the newest
    return [one for one, time in zip(pushed, known, strict=True) if time == max(known)]


# --- for both ------------------------------------------------------------------------------------


def _ambiguous(what: str, name: str, found: Sequence[object], advice: str) -> AmbiguousNameError:
    shown = "; ".join(_described(one) for one in found[:_MOST_SHOWN])
    more = f"; and {len(found) - _MOST_SHOWN} more" if len(found) > _MOST_SHOWN else ""
    message = f"{what}: {shown}{more}. None was chosen: {advice}"
    return AmbiguousNameError(message, name=name, candidates=tuple(found))


def _similar(name: str, names: Sequence[str]) -> tuple[str, ...]:
    """Names that differ in little, with those first that differ in case alone."""
    same = [one for one in names if one.casefold() == name.casefold()]
    return tuple(dict.fromkeys([*same, *get_close_matches(name, names)]))


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
