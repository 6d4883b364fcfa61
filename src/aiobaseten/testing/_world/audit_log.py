"""An audit log: which promotions were started and controlled, when, and from where."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One entry. *action* is None for a promotion that was started."""

    number: int
    at: float
    environment: str
    deployment_id: str
    deployment_name: str
    action: str | None
    source: str


class AuditLog:
    """The audit log of a chain or a model."""

    def __init__(self) -> None:
        self._entries: list[AuditEntry] = []
        self._source = "UI"

    @property
    def entries(self) -> Sequence[AuditEntry]:
        """All entries, oldest first."""
        return tuple(self._entries)

    @contextmanager
    def through_api(self) -> Generator[None]:
        """Entries that are written while the block runs come from a request to the API."""
        self._source = "API"
        try:
            yield
        finally:
            self._source = "UI"

    def write(
        self,
        at: float,
        environment: str,
        deployment_id: str,
        deployment_name: str,
        *,
        action: str | None = None,
    ) -> None:
        """Add an entry."""
        self._entries.append(
            AuditEntry(
                number=len(self._entries),
                at=at,
                environment=environment,
                deployment_id=deployment_id,
                deployment_name=deployment_name,
                action=action,
                source=self._source,
            )
        )
