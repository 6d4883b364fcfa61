"""Who did it: adds to the error of a wait what the audit log tells about its end.

Asked once, when the wait has ended; the answer is shared. It is best effort: what the log does not
tell beyond doubt, or not within two seconds, is left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import takewhile
from typing import TYPE_CHECKING, Literal

from attrs import evolve, frozen

from .._first_use import on_first_use
from .._status import PromotionPhase, promotion_phase_of
from ..errors import (
    AuditedAct,
    BasetenError,
    PromotionCanceledError,
    PromotionPausedError,
    PromotionSupersededError,
    WaitError,
    WaitTimeoutError,
)
from .doubt import MOST_STALE_S
from .followups import FollowUp, FollowUps
from .steps import BEHIND, MayHaveServed, Over, Question

if TYPE_CHECKING:
    from .. import _audit_log, _finding
    from .._audit_log import Act, AuditEntry, Ourselves, Whose
else:
    _audit_log = on_first_use("._audit_log")
    _finding = on_first_use("._finding")

#: Seconds for which an error may be delayed until the audit log has been read.
WHO_S = 2.0


@frozen(kw_only=True)
class Who:
    """How to find out who ended a promotion.

    Attributes:
        read: Reads the entries about the environment, newest first.
        target: The deployment that is promoted, or ``None``.
        since: When the promotion was started, in seconds since 1970 at Baseten; minus infinity if
            it was resumed.
        is_exact: Whether *since* is exact. If it comes from a token, it may be minutes late.
        advice: What a message may end with, if it does: the addition comes before it.
    """

    read: FollowUp[Sequence[AuditEntry]]
    target: str | None
    since: float
    is_exact: bool = True
    advice: str = ""


async def add_who(follow_ups: FollowUps, who: Who, error: WaitError) -> None:
    """Add who did it to the message and to the evidence of *error*, if the audit log tells."""
    found = await _look_up(follow_ups, who, error)
    act = None if found is None else act_of(found)
    if act is None or error.evidence is None:
        return
    tell(error, f"{_subject(error)} was {act}.", who.advice)
    error.evidence = evolve(error.evidence, act=act)


async def explains(follow_ups: FollowUps, who: Who, error: WaitError) -> bool:
    """Whether the audit log shows the act that *error* tells of."""
    return await _look_up(follow_ups, who, error) is not None


async def answer(
    follow_ups: FollowUps,
    who: Who | None,
    question: Question,
    told_time: Callable[[], float | None],
) -> Over | bool | Literal["behind"] | None:
    """What the audit log says; ``None`` if it cannot be read."""
    if who is None or who.target is None:
        return None
    entries = await _read(follow_ups, who)
    if entries is None:
        return None
    if isinstance(question, MayHaveServed):
        told = may_have_served(entries, who.target, who.since, question.made_at)
        if told == BEHIND and not who.is_exact:
            return may_have_served(entries, who.target, -math.inf, question.made_at)
        return told
    return over(entries, who.target, who.since, told_time())


def over(entries: Sequence[AuditEntry], target: str, started: float, now: float | None) -> Over:
    """What the log tells of the end of the promotion of *target*.

    Args:
        entries: About promotions to the environment, newest first.
        target: The deployment that is promoted.
        started: When the promotion was started, in seconds since 1970 at Baseten.
        now: When the log was read or a little earlier, by the same clock; ``None`` if not known.
    """
    ends = frozenset({_audit_log.Act.CANCELLED, _audit_log.Act.ROLLED_FORWARD})
    end = _newest(entries, ends, target, started)
    newer = frozenset(
        one.deployment_id
        for one in promotions_after(entries, target)
        if one.deployment_id is not None
        and not _audit_log.is_old(one, now, MOST_STALE_S)
        and not is_cancelled(entries, one.deployment_id)
    )
    return Over(is_cancelled=end is not None and end.act is _audit_log.Act.CANCELLED, newer=newer)


async def _look_up(follow_ups: FollowUps, who: Who, error: WaitError) -> AuditEntry | None:
    """The entry of the audit log that explains *error*."""
    asked = _asked(error)
    if not asked or who.target is None:
        return None
    entries = await _read(follow_ups, who)
    return None if entries is None else _find(entries, error, asked, who.target, who.since)


async def _read(follow_ups: FollowUps, who: Who) -> Sequence[AuditEntry] | None:
    """The entries of the audit log; ``None`` if they cannot be read in time."""
    clock = follow_ups.clock
    try:
        async with clock.timeout_at(clock.now() + WHO_S):
            return await follow_ups.once(who.read)
    except (BasetenError, TimeoutError):
        return None


def act_of(entry: AuditEntry) -> AuditedAct | None:
    """The act that an entry is about; ``None`` if the entry does not tell who did it."""
    by = entry.actor.shown
    if by is None:
        return None
    return AuditedAct(action=entry.act.value, by=by, through=entry.actor.surface, at=entry.at)


def tell(error: BasetenError, sentence: str, advice: str) -> None:
    """Add a sentence to the message of *error*, before the advice with which it may end."""
    message = str(error.args[0])
    said = message.removesuffix(advice)
    stop = "" if said.endswith(".") else "."
    error.args = (f"{said}{stop} {sentence}{message[len(said) :]}", *error.args[1:])


def _asked(error: WaitError) -> frozenset[Act]:
    """The acts that may explain an error; none if nobody else had a hand in it."""
    if isinstance(error, PromotionCanceledError):
        return frozenset({_audit_log.Act.CANCELLED})
    if isinstance(error, PromotionSupersededError):
        return frozenset({_audit_log.Act.PROMOTED, _audit_log.Act.ROLLED_FORWARD})
    if isinstance(error, PromotionPausedError):
        return frozenset({_audit_log.Act.PAUSED})
    if isinstance(error, WaitTimeoutError):
        seen = [one.status for one in error.history if one.subject == "promotion"]
        is_paused = seen and promotion_phase_of(seen[-1]) is PromotionPhase.PAUSED
        return frozenset({_audit_log.Act.PAUSED}) if is_paused else frozenset()
    return frozenset()


def whose_pause(
    entries: Sequence[AuditEntry], target: str, ourselves: Ourselves, most: int
) -> Whose | None:
    """Whose the pause is that stands; ``None`` if the log does not tell.

    One pause too many, on top of ours, is not ours: somebody wanted it to stay.

    Args:
        entries: About promotions to the environment, newest first.
        target: The deployment that is promoted.
        ourselves: How to tell our own entries.
        most: How many pauses may be ours since it was last resumed.
    """
    names = _names(entries)
    signals: list[AuditEntry] = []
    for entry in entries:
        if not _is_about(entry, target, names):
            continue
        if entry.act is _audit_log.Act.PROMOTED:
            break
        if entry.act in (_audit_log.Act.PAUSED, _audit_log.Act.RESUMED):
            signals.append(entry)
    else:
        return None
    if not signals:
        return None
    pauses = list(takewhile(lambda one: one.act is _audit_log.Act.PAUSED, signals))
    if not pauses:
        return "resumed"
    wrote = {ourselves.wrote(one) for one in pauses}
    if len(pauses) > most or False in wrote:
        return "others"
    return None if None in wrote else "ours"


def promotions_after(entries: Sequence[AuditEntry], target: str) -> list[AuditEntry]:
    """The promotions that are newer than that of *target*, newest first; none without its entry.

    Args:
        entries: About promotions to the environment, newest first.
        target: The deployment that is promoted.
    """
    names = _names(entries)
    promotions = [one for one in entries if one.act is _audit_log.Act.PROMOTED]
    for at, one in enumerate(promotions):
        if _is_about(one, target, names):
            return promotions[:at]
    return []


def shows_promotion_of(entries: Sequence[AuditEntry], target: str) -> bool:
    """Whether the log shows a promotion of *target*, so that it can tell of later ones."""
    names = _names(entries)
    promoted = (one for one in entries if one.act is _audit_log.Act.PROMOTED)
    return any(_is_about(one, target, names) for one in promoted)


def promoted_again(
    entries: Sequence[AuditEntry],
    target: str,
    began_by: float,
    ourselves: Ourselves | None,
    now: float | None,
) -> AuditEntry | None:
    """The newest promotion of *target*, if it is newer than ours; ``None`` if none is known.

    Times tell it, unless the clock of the log is another one or no time is told. The order and the
    authors of the entries need no clock: if somebody else wrote the newest and we wrote an older
    one, ours is over. A newest one of our own must be a minute newer than ours, and no entry may
    come from the future: otherwise, the clock of the log may be ahead. If there is only one entry,
    it is ours.

    Args:
        entries: About promotions to the environment, newest first.
        target: The deployment that is promoted.
        began_by: When ours was under way, in seconds since 1970 at Baseten; infinity if that is not
            known.
        ourselves: How to tell our own entries; ``None`` if ours is one that somebody else started.
        now: When the log was read or a little earlier, by the same clock; ``None`` if not known.
    """
    names = _names(entries)
    promotions = [one for one in entries if one.act is _audit_log.Act.PROMOTED and not one.is_push]
    mine = [one for one in promotions if _is_about(one, target, names)]
    if len(mine) < 2:
        return None
    newest, *older = mine
    author = None if ourselves is None else ourselves.wrote(newest)
    is_ahead = now is not None and newest.is_since(now + _audit_log.CLOCK_S)
    margin = MOST_STALE_S if author else _audit_log.CLOCK_S
    is_newer = newest.is_since(began_by + margin) and not is_ahead
    is_others = author is False and any(ourselves.wrote(one) for one in older if ourselves)
    return newest if is_newer or is_others else None


def is_cancelled(entries: Sequence[AuditEntry], target: str) -> bool:
    """Whether the log shows that somebody, perhaps we, has cancelled the promotion of *target*.

    Args:
        entries: About promotions to the environment, newest first.
        target: The deployment that is promoted.
    """
    names = _names(entries)
    acts = (one.act for one in entries if _is_about(one, target, names))
    last = next(
        (one for one in acts if one in (_audit_log.Act.PROMOTED, _audit_log.Act.CANCELLED)), None
    )
    return last is _audit_log.Act.CANCELLED


def may_have_served(
    entries: Sequence[AuditEntry], target: str, started: float, made_at: datetime | None
) -> bool | Literal["behind"]:
    """Whether *target* may have served before its newest promotion, and been replaced.

    A deployment that was made after all promotions of others has replaced what they promoted. The
    log need not go back to the first promotion of *target*, and does not show how one ended. One
    that lacks even the newest promotion is `BEHIND`: it says nothing about those shortly before.

    Args:
        entries: About promotions to the environment, newest first.
        target: The deployment that is promoted.
        started: When that was, in seconds since 1970 at Baseten.
        made_at: When it was made, or ``None``.
    """
    names = _names(entries)
    promoted = [one for one in entries if one.act is _audit_log.Act.PROMOTED]
    others = [one for one in promoted if not _is_about(one, target, names)]
    if made_at is not None and -math.inf < started <= made_at.timestamp():
        return False  # the promotion itself has made it
    if not any(one.is_since(started) and one not in others for one in promoted):
        return BEHIND
    return any(made_at is None or one.at is None or one.at > made_at for one in others)


def is_over_since(entries: Sequence[AuditEntry], target: str, since: float, now: float) -> bool:
    """Whether the log shows that the promotion of *target* that ran at a time is over.

    Another promotion of *target* may run by now. A cancel up to a few seconds before *since* counts
    as well: a cancel too few does less harm than one too many. If the clock of the log is ahead,
    only the order of the entries counts.

    Args:
        entries: About promotions to the environment, newest first.
        target: The deployment that is promoted.
        since: When it ran, in seconds since 1970 at Baseten.
        now: When the log was read or a little earlier, by the same clock.
    """
    others = (one for one in promotions_after(entries, target) if not one.is_push)
    if is_cancelled(entries, target) or any(one.deployment_id is not None for one in others):
        return True
    if any(one.is_since(now + _audit_log.CLOCK_S) for one in entries):
        return False
    names = _names(entries)
    mine = [one for one in entries if one.is_since(since) and _is_about(one, target, names)]
    is_again = promoted_again(entries, target, since, None, now) is not None
    return is_again or any(one.act is _audit_log.Act.CANCELLED for one in mine)


def _find(
    entries: Sequence[AuditEntry],
    error: WaitError,
    asked: frozenset[Act],
    target: str,
    started: float,
) -> AuditEntry | None:
    """The entry that explains *error*.

    Only entries that are newer than the promotion itself count. So if the log does not show the
    promotion, it explains nothing. It may show an earlier one of the same deployment, and be late
    with this one: so only entries since it was *started* count.
    """
    if isinstance(error, PromotionSupersededError):
        act = _audit_log.Act.ROLLED_FORWARD if error.by == target else _audit_log.Act.PROMOTED
        return _newest(entries, frozenset({act}), target, started, about=error.by)
    if _audit_log.Act.PAUSED in asked:
        asked |= {_audit_log.Act.RESUMED}
    newest = _newest(entries, asked, target, started)
    return None if newest is None or newest.act is _audit_log.Act.RESUMED else newest


def _newest(
    entries: Sequence[AuditEntry],
    acts: frozenset[Act],
    target: str,
    started: float,
    *,
    about: str | None = None,
) -> AuditEntry | None:
    """The newest of some acts since the promotion of *target*; by default, about *target*."""
    names = _names(entries)
    found: AuditEntry | None = None
    for entry in entries:
        if entry.act is _audit_log.Act.PROMOTED and _is_about(entry, target, names):
            return found
        is_it = entry.act in acts and _is_about(entry, about or target, names)
        if found is None and is_it and entry.is_since(started):
            found = entry
    return None


def _names(entries: Sequence[AuditEntry]) -> dict[str | None, str]:
    """The newest names of the deployments."""
    return {one.deployment_id: one.name for one in reversed(entries) if one.name is not None}


def _is_about(entry: AuditEntry, target: str, names: Mapping[str | None, str]) -> bool:
    return entry.deployment_id == target or _finding.is_made_from(entry.name, names.get(target))


def _subject(error: WaitError) -> str:
    return f"Deployment {error.by}" if isinstance(error, PromotionSupersededError) else "It"
