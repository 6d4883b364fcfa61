"""The audit log: who changed what, when, and through which surface."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Literal, NoReturn, Self, TypeAlias, TypedDict

from attrs import frozen

from .schemas import AuditLogEntry

__all__ = ["AuditEntries", "AuditOptions", "Release", "ReleaseState"]

#: The state of a release. It ``"serves"`` now, is ``"promoting"``, has ``"served"``, was
#: ``"cancelled"``, or its deployment has ``"failed"``. An ``"unknown"`` one was accepted after the
#: one that serves, and nothing tells how it ended.
ReleaseState: TypeAlias = Literal["serves", "promoting", "served", "cancelled", "failed", "unknown"]

# Entries of a page; Baseten allows no more.
_LARGEST_PAGE = 200


class AuditOptions(TypedDict, total=False):
    """Which entries of an audit log to read. An option that is left out or ``None`` is no filter.

    Attributes:
        limit: How many entries at most.
        oldest_first: Whether the oldest entry comes first, instead of the newest.
        search: Part of the name or the id of a resource, in upper or lower case.
        groups: Groups of events, such as ``"PROMOTED"``, ``"DEPLOYED"``,
            ``"ACTIVATED_DEACTIVATED"``, ``"ENVIRONMENT_SETTINGS"`` or ``"DELETED"``.
        environments: Names of environments.
        deployment_ids: Ids of deployments of models.
        chain_deployment_ids: Ids of deployments of chains.
        user_ids: Ids of users.
        sources: ``"UI"``, ``"API"``, ``"MCP"``, ``"SYSTEM"`` or ``"OTHER"``.
        start: The time of the first entry, with a time zone (default: since ever).
        end: The time of the last entry, with a time zone (default: now).
    """

    limit: int | None
    oldest_first: bool
    search: str | None
    groups: Sequence[str] | None
    environments: Sequence[str] | None
    deployment_ids: Sequence[str] | None
    chain_deployment_ids: Sequence[str] | None
    user_ids: Sequence[str] | None
    sources: Sequence[str] | None
    start: datetime | None
    end: datetime | None


@frozen(kw_only=True)
class Release:
    """A promotion to an environment, as the audit log tells.

    Attributes:
        deployment_id: The deployment, or ``None``. If the promotion made another one from it,
            Baseten does not say which of the two it is.
        name: The deployment's name, or ``None``.
        state: What became of it: see `ReleaseState`. The log tells that a promotion was accepted,
            not how it ended, so that ``"served"`` means: nothing shows that it did not.
        at: When Baseten accepted the promotion, or ``None``. It served a while later.
        by: A person's email address or the name of an API key, with what it is; or ``None``.
        through: The surface, such as ``"the UI"`` or ``"the API"``; ``None`` if it is not known.
    """

    deployment_id: str | None
    name: str | None
    state: ReleaseState
    at: datetime | None
    by: str | None
    through: str | None


@frozen
class Page:
    """A page of an audit log.

    Attributes:
        entries: Its entries, in the order that was asked for.
        cursor: For the next page; ``None`` if this is the last one.
    """

    entries: Sequence[AuditLogEntry]
    cursor: str | None


class AuditEntries(AsyncIterator[AuditLogEntry]):
    """The entries of an audit log, page by page: each page is read when the loop gets to it.

    Use it as ``async for entry in baseten.audit():``. Nothing runs between two entries, so a loop
    may be left at any time. A loop that was cancelled, or that ended with an error, can go on with
    the same object: no entry is lost, and none comes twice.
    """

    def __init__(
        self, read: Callable[[str | None, int], Awaitable[Page]], limit: int | None
    ) -> None:
        """Store them. The first page is read when the first entry is asked for."""
        self._read = read
        self._left = limit
        self._entries: deque[AuditLogEntry] = deque()
        self._cursor: str | None = None
        self._is_last = False
        self._one_at_a_time = asyncio.Lock()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> AuditLogEntry:
        """The next entry.

        Raises:
            BasetenError: A page could not be read; see `aiobaseten.errors`.
        """
        async with self._one_at_a_time:
            while not self._entries and not self._is_last and self._left != 0:
                most = _LARGEST_PAGE if self._left is None else min(self._left, _LARGEST_PAGE)
                page = await self._read(self._cursor, most)
                self._entries.extend(page.entries)
                self._cursor, self._is_last = page.cursor, page.cursor is None
            if not self._entries or self._left == 0:
                raise StopAsyncIteration
            if self._left is not None:
                self._left -= 1
            return self._entries.popleft()

    def __reduce__(self) -> NoReturn:
        raise TypeError("the entries of an audit log cannot be copied or pickled: ask again")
