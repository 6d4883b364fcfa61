"""Entries of an audit log about promotions to one environment, and what they tell. Pure.

An entry is written together with the request that it is about, so that it tells that the request
was accepted. `aiobaseten.audit` passes on entries of all kinds, as they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from itertools import pairwise
from typing import Any, Literal, TypeAlias, cast

from attrs import evolve, field, frozen

from .readings import read_list

#: Seconds by which the clocks of a server's machines may differ.
SKEW_S = 2.0
#: Seconds by which an entry may be newer than the time that an answer tells.
CLOCK_S = 10.0
#: Seconds by which that time may be ahead of the clock of the entries.
AHEAD_S = 1800.0
_SURFACES = {"UI": "the UI", "API": "the API", "MCP": "MCP"}
# Baseten itself, and a surface that says nothing.
_SILENT_SURFACES = frozenset({"SYSTEM", "OTHER"})
_AT_BASETEN = {"BASETEN_SYSTEM": "Baseten", "BASETEN_USER": "somebody at Baseten"}

# Characters of a name of a person or of a key.
_LONGEST_NAME = 100


class Act(Enum):
    """What an entry of an audit log says was done."""

    PROMOTED = "promoted"
    CANCELLED = "cancelled"
    ROLLED_FORWARD = "rolled forward"
    PAUSED = "paused"
    RESUMED = "resumed"


#: A deployment that is pushed to an environment is promoted when it is ready.
_EVENTS = {
    "MODEL_DEPLOYMENT_PROMOTED": Act.PROMOTED,
    "CHAIN_DEPLOYMENT_PROMOTED": Act.PROMOTED,
    "MODEL_DEPLOYED": Act.PROMOTED,
    "CHAIN_DEPLOYED": Act.PROMOTED,
}
_CONTROL_EVENT = "MODEL_PROMOTION_CONTROL_ACTION"
_CONTROL_ACTIONS = {
    "GRACEFUL_CANCEL": Act.CANCELLED,
    "FORCE_CANCEL": Act.CANCELLED,
    "FORCE_ROLL_FORWARD": Act.ROLLED_FORWARD,
    "PAUSE": Act.PAUSED,
    "RESUME": Act.RESUMED,
}


@frozen(kw_only=True)
class Actor:
    """Who did it, and through which surface. Each is ``None`` if the entry does not tell.

    Attributes:
        kind: The kind of actor, as Baseten spells it.
        email: The email address of a user.
        key_name: The name of an API key.
        key_prefix: The beginning of an API key. Not in the repr.
        source: The surface, as Baseten spells it.
    """

    kind: str | None = None
    email: str | None = None
    key_name: str | None = None
    key_prefix: str | None = field(default=None, repr=False)
    source: str | None = None

    @property
    def shown(self) -> str | None:
        """Who did it, for a person; ``None`` if the entry does not tell."""
        key = f'the API key "{self.key_name}"' if self.key_name is not None else None
        if self.email is not None:
            return f"{self.email} with {key}" if key is not None else self.email
        if key is not None:
            return key
        if self.kind == "API_KEY":
            return "an API key"
        return _AT_BASETEN.get(self.kind or "")

    @property
    def surface(self) -> str | None:
        """Through what it was done, for a person; ``None`` if the entry does not tell."""
        if self.source in _SILENT_SURFACES:
            return None
        return _SURFACES.get(self.source or "", self.source)


@frozen(kw_only=True)
class AuditEntry:
    """An entry of an audit log about a promotion to one environment.

    Attributes:
        act: What was done.
        deployment_id: The deployment; ``None`` if the entry does not tell. Baseten does not say
            whether it is the deployment that was asked for, or the one that was made from it.
        name: Its name, or ``None``.
        is_push: Whether the deployment was pushed to the environment.
        at: When, or ``None``.
        actor: Who did it.
    """

    act: Act
    deployment_id: str | None
    name: str | None = None
    is_push: bool = field(default=False, eq=False)
    at: datetime | None = field(default=None, eq=False)
    actor: Actor = field(factory=Actor, eq=False)

    def is_since(self, since: float) -> bool:
        """Whether it may be newer than a time in seconds since 1970, by the server's clock."""
        return self.at is not None and self.at.timestamp() >= since - SKEW_S

    def masked(self, mask: Callable[[str], str]) -> AuditEntry:
        """The entry, with *mask* applied to all names that people chose, and long names cut."""
        email, name, source = (
            None if one is None else _cut(mask(one))
            for one in (self.actor.email, self.actor.key_name, self.actor.source)
        )
        actor = evolve(self.actor, email=email, key_name=name, source=source)
        return evolve(self, actor=actor)


def is_old(entry: AuditEntry, now: float | None, seconds: float) -> bool:
    """Whether an entry is certainly so old. The clock of the log may be another one.

    Args:
        entry: The entry.
        now: The time at the server, in seconds since 1970; ``None`` if it is not known.
        seconds: How old.
    """
    if now is None or entry.at is None:
        return False
    return now - entry.at.timestamp() >= AHEAD_S + seconds


@frozen(kw_only=True)
class AuditPage:
    """A page of an audit log.

    Attributes:
        entries: Those about promotions to one environment, newest first.
        cursor: For the next page; ``None`` if this is the last one.
    """

    entries: tuple[AuditEntry, ...]
    cursor: str | None


# --- settling ------------------------------------------------------------------------------------

# Through none of these does this library act.
_OTHER_SURFACES = frozenset({"UI", "MCP", "SYSTEM"})

#: Whose a pause is: ours; somebody else's, perhaps on top of ours; or the log says that the last
#: one was resumed, so that a pause that is shown has no entry, or is out of date.
Whose: TypeAlias = Literal["ours", "others", "resumed"]


@frozen(kw_only=True)
class Ourselves:
    """How to tell our own entries from those of others.

    Attributes:
        has_key: Whether our API key begins so.
        email: The email address of the user of the key, if known.
    """

    has_key: Callable[[str], bool]
    email: str | None = None

    def wrote(self, entry: AuditEntry) -> bool | None:
        """Whether an entry is about a request with our key; ``None`` if it does not tell."""
        actor = entry.actor
        if actor.source in _OTHER_SURFACES:
            return False
        if actor.key_prefix is not None:
            return self.has_key(actor.key_prefix)
        if actor.email is None or self.email is None:
            return None
        return actor.email.casefold() == self.email.casefold()


@frozen
class Accepted:
    """The log shows that Baseten accepted our request.

    Attributes:
        entry: The entry.
        is_newest: Whether no other promotion to the environment is newer.
    """

    entry: AuditEntry
    is_newest: bool

    def has_made(self, created_at: object) -> bool:
        """Whether the promotion made a deployment that is as old as this one.

        Baseten makes it together with the entry. The names of chain deployments are not shown, so
        that only its age ties it to the entry.
        """
        at = self.entry.at
        if not self.is_newest or at is None or not isinstance(created_at, datetime):
            return False
        return created_at.tzinfo is not None and abs((created_at - at).total_seconds()) <= SKEW_S


@frozen
class Anothers:
    """The log shows that somebody else promoted the same deployment meanwhile, and we did not.

    Attributes:
        entry: The entry.
    """

    entry: AuditEntry


def settle(
    entries: Sequence[AuditEntry],
    *,
    is_target: Callable[[AuditEntry], bool],
    since: float,
    now: float,
    earlier: int,
    ourselves: Ourselves,
    until: float = math.inf,
) -> Accepted | Anothers | None:
    """Whether a request to promote was accepted; ``None`` if the log does not tell.

    An entry that is certainly of our own key, and newer than the request, proves that it was. That
    there is none proves nothing: the request may still be on its way, and the log that was read may
    be late. An entry of an unknown author proves nothing either.

    Args:
        entries: Those about promotions to the environment, newest first.
        is_target: Whether an entry names the deployment, or one that was made from it.
        since: When the request was sent or a little earlier, by the clock of the server.
        now: The time when the log was read or a little earlier, by the same clock.
        earlier: How many such requests were sent so shortly before that their entries count, too.
        ourselves: How to tell our own entries.
        until: Until when the request was sent at the latest: a later entry is of another one.
    """
    promoted = [one for one in entries if one.act is Act.PROMOTED]
    requests = [one for one in promoted if not one.is_push and is_target(one)]
    recent = [one for one in requests if one.is_since(since)]
    ours = [one for one in recent if not one.is_since(until + SKEW_S) and ourselves.wrote(one)]
    # Entries from the future: the clock of the log is another one, and proves nothing.
    if len(ours) > earlier and not any(one.is_since(now + CLOCK_S) for one in promoted):
        return Accepted(ours[0], is_newest=promoted[0] is ours[0])
    # If the clocks differ, the newest one may be recent all the same.
    perhaps = recent or [one for one in requests[:1] if one.is_since(since - AHEAD_S)]
    others = [one for one in perhaps if ourselves.wrote(one) is False]
    return Anothers(others[0]) if others else None


# --- from JSON -----------------------------------------------------------------------------------


def read_audit_page(data: object, environment: str) -> AuditPage:
    """A page of an audit log. Entries about anything else are left out.

    Args:
        data: The JSON of the page. The newest entry comes first.
        environment: The environment whose promotions count.
    """
    items = [cast("dict[str, Any]", one) for one in read_list("items", data)]
    times = [time_or_none(one.get("created")) for one in items]
    known = [time for time in times if time is not None]
    if any(newer < older for newer, older in pairwise(known)):
        raise ValueError("the newest entry does not come first")
    read = (_read_entry(one, environment) for one in items)
    return AuditPage(
        entries=tuple(entry for entry in read if entry is not None),
        cursor=_read_cursor(cast("dict[str, Any]", data).get("pagination")),
    )


def _read_entry(item: Mapping[str, Any], environment: str) -> AuditEntry | None:
    event, about = item.get("event_type"), item.get("event_data")
    if not isinstance(event, str) or not isinstance(about, dict):
        return None
    fields = cast("dict[str, Any]", about)
    act = _EVENTS.get(event)
    if event == _CONTROL_EVENT:
        act = _CONTROL_ACTIONS.get(str(fields.get("action")))
    where = fields.get("environment_name")
    if act is Act.PROMOTED and where is None and event.endswith("_PROMOTED"):
        return AuditEntry(act=act, deployment_id=None)  # perhaps to this environment
    if act is None or where != environment:
        return None
    prefix = "chain_" if event.startswith("CHAIN_") else ""
    return AuditEntry(
        act=act,
        deployment_id=text_or_none(fields.get(f"{prefix}deployment_id")),
        name=text_or_none(fields.get(f"{prefix}deployment_name")),
        is_push=event.endswith("_DEPLOYED"),
        at=time_or_none(item.get("created")),
        actor=_read_actor(item),
    )


def _read_cursor(data: object) -> str | None:
    if not isinstance(data, dict):
        return None
    pagination = cast("dict[str, Any]", data)
    return text_or_none(pagination.get("cursor")) if pagination.get("has_more") is True else None


def read_chain_deployment_name(data: object, deployment_id: str) -> str | None:
    """The name of a chain's deployment, from a page of an audit log; ``None`` without one."""
    for item in read_list("items", data):
        about = cast("dict[str, Any]", item).get("event_data")
        fields = cast("dict[str, Any]", about) if isinstance(about, dict) else {}
        if fields.get("chain_deployment_id") == deployment_id:
            return text_or_none(fields.get("chain_deployment_name"))
    return None


def _read_actor(item: Mapping[str, Any]) -> Actor:
    given = item.get("actor")
    fields = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    return Actor(
        kind=text_or_none(fields.get("type")),
        email=_name_or_none(fields.get("email")),
        key_name=_name_or_none(fields.get("api_key_name")),
        key_prefix=_shown(fields.get("api_key_prefix")),
        source=_name_or_none(item.get("source")),
    )


def _shown(prefix: object) -> str | None:
    """The beginning of a key, or ``None`` if all of it is hidden."""
    return (text_or_none(prefix) or "").rstrip(".*… ") or None


def _name_or_none(value: object) -> str | None:
    """A name in one line.

    Characters that cannot be seen are removed: a key that they split is then known as a key.
    """
    if not isinstance(value, str):
        return None
    seen = value if value.isprintable() else "".join(filter(str.isprintable, value))
    return " ".join(seen.split()) or None


def _cut(name: str) -> str:
    """A name that is not too long for a sentence."""
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]} …"


def time_or_none(text: object) -> datetime | None:
    """A time with its time zone, or ``None``."""
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return time if time.tzinfo is not None else None  # else it cannot be compared


def text_or_none(value: object) -> str | None:
    """A text that is not empty, or ``None``."""
    return value if isinstance(value, str) and value else None
