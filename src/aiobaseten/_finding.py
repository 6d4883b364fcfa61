"""Which of the things that the API lists has a name, or is meant by a word. Pure.

Names are unique only within a team, so that one name may mean several things: then none is chosen.
A word from a user may be a name or an id, and the id of one thing may be the name of
another: then none is chosen either.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any, Literal, TypeAlias, TypeVar

from .errors import AmbiguousNameError, NameNotFoundError

T = TypeVar("T")

Kind: TypeAlias = Literal["chain", "model", "deployment"]

#: The word for the newest deployment.
LATEST = "latest"
#: The word for the deployment that serves in an environment that is known otherwise.
CURRENT = "current"
# Before a word that is an id and no name.
_EXACT = "id:"
# Before the name of an environment: the deployment that serves in it.
_CURRENT = "current:"
# Ids that Baseten makes. A word without a digit may be one, but is more often a name.
_ID = re.compile(r"(?=.*\d)[a-z0-9]{6,10}")
# Baseten names a deployment that a promotion makes after its source, and appends the time.
_MADE_FROM = re.compile(r"[.-]\d{9,}")
# The name of such a deployment, or one like it that a person chose.
_LIKE_COPY = re.compile(r"(.*)[.-]\d{9,}", re.DOTALL)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
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


def is_like_copy(name: object) -> bool:
    """Whether *name* is that of a deployment that a promotion may have made."""
    return isinstance(name, str) and _LIKE_COPY.fullmatch(name) is not None


def may_be_alike(name: object, other: object) -> bool:
    """Whether both names are those of deployments that promotions may have made from one source."""
    if not isinstance(name, str) or not isinstance(other, str):
        return False
    one, another = _LIKE_COPY.fullmatch(name), _LIKE_COPY.fullmatch(other)
    return one is not None and another is not None and one[1] == another[1]


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


def one_meant(kind: Kind, word: str, listed: Sequence[T], *, team: str | None = None) -> T | None:
    """The thing whose id or whose name is *word*, or ``None`` if there is none.

    Of deployments, ``latest`` is the newest one that was pushed, not the development deployment.

    Args:
        kind: What they are.
        word: As the user gave it.
        listed: All that there are.
        team: The name of the team that it must belong to; ``None`` for any.

    Raises:
        AmbiguousNameError: The word means several, such as one by its id and another by its name;
            or nobody can tell which deployment was pushed last.
    """
    found = [
        one
        for one in listed
        if word in (_text(one, "id"), _text(one, "name")) and _is_of(team, one)
    ]
    if kind == "deployment" and word == LATEST:
        newest = _newest(listed)
        found += [one for one in newest if one not in found]
        if newest and not _is_push(newest[0]):
            raise _ambiguous(
                "it is not known which deployment was pushed last: a promotion may have made the "
                "newest one from another, or the API left out how it was made",
                word,
                found,
                "write the id, with id: before it",
            )
    if len(found) <= 1:
        return found[0] if found else None
    raise _ambiguous(f"{word!r} means {len(found)} {kind}s", word, found, _exact_advice(found))


def check_current(listed: Sequence[object], serving_id: str) -> None:
    """Check that no other deployment is named as the word for the one that serves.

    Args:
        listed: All deployments of the model.
        serving_id: The one that serves.

    Raises:
        AmbiguousNameError: There is another one.
    """
    named = one_meant("deployment", CURRENT, listed)
    if named is None or _text(named, "id") == serving_id:
        return
    found = [one for one in listed if one is named or _text(one, "id") == serving_id]
    what = f"{CURRENT!r} is the name of a deployment, and another one serves"
    raise _ambiguous(what, CURRENT, found, _exact_advice(found))


def _exact_advice(found: Sequence[object]) -> str:
    return f"write the id, as in id:{_text(found[0], 'id')}"


def none_meant(
    kind: Kind, word: str, known: Sequence[object], *, team: str | None = None
) -> NameNotFoundError:
    """The error for a word that means nothing; as `not_found`."""
    if kind == "deployment" and word == LATEST:
        message = "there is no latest deployment, because none was pushed"
        return NameNotFoundError(message, name=word, similar=())
    names = [_text(one, "name") for one in known if _is_of(team, one)]
    similar = _similar(word, names)
    where = "" if team is None else f" in team {team!r}"
    message = f"no {kind} has the name or the id {word!r}{where}"
    teams = sorted({_text(one, "team_name") for one in known if _text(one, "name") == word})
    if teams:
        message += f". Other teams have one: {', '.join(teams)}"
    elif similar:
        message += f". Similar names: {', '.join(map(repr, similar))}"
    elif kind == "deployment" and word == CURRENT:
        message += ". The one that serves in an environment is current:ENVIRONMENT"
    elif names and len(names) <= _MOST_SHOWN:
        message += f". There are: {', '.join(map(repr, names))}"
    return NameNotFoundError(message, name=word, similar=similar)


def _newest(listed: Sequence[T]) -> list[T]:
    """The deployments among which the newest push is; the first of them is the newest.

    They end with the first that was certainly pushed. The development deployment is left out.
    """
    candidates = [one for one in listed if _value(one, "is_development") is not True]
    undated = [one for one in candidates if _created(one) is None]
    dated = sorted(
        [one for one in candidates if one not in undated],
        key=lambda one: _created(one) or _LONG_AGO,
        reverse=True,
    )
    push = next((_created(one) for one in dated if _is_push(one)), None)
    return undated + [one for one in dated if push is None or (_created(one) or push) >= push]


def _is_push(one: object) -> bool:
    """Whether a person certainly pushed it: it is no draft, and no promotion made it from another.

    A person may choose a name with a date that looks the same, and the source of a copy may be
    deleted or have another name by now. So a name like that of a copy proves nothing.

    Deployments of chains have neither field: their caller looks at their environment.
    """
    if not hasattr(one, "name"):
        return _created(one) is not None
    name = _text(one, "name")
    is_like_copy = not name or bool(_LIKE_COPY.fullmatch(name))
    is_draft = _value(one, "is_development") is not False
    return not is_like_copy and not is_draft and _created(one) is not None


def _created(one: object) -> datetime | None:
    """When it was made; ``None`` if that is missing, or has no time zone."""
    value = _value(one, "created_at")
    return value if isinstance(value, datetime) and value.tzinfo is not None else None


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
