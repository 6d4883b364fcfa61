"""An audit log: everything that was changed, when, by whom, and through which surface."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

#: The surfaces through which people act.
SOURCES: Final = ("UI", "API", "MCP", "SYSTEM", "OTHER")

# The group of each event, without the kind of its owner. Which group the events of controls and
# retries are in is our guess.
_GROUPS: Final = {
    "DEPLOYED": "DEPLOYED",
    "DEPLOYMENT_PROMOTED": "PROMOTED",
    "PROMOTION_CONTROL_ACTION": "PROMOTED",
    "DEPLOYMENT_ACTIVATED": "ACTIVATED_DEACTIVATED",
    "DEPLOYMENT_DEACTIVATED": "ACTIVATED_DEACTIVATED",
    "DEPLOYMENT_RETRIED": "DEPLOYED",
    "DEPLOYMENT_DELETED": "DELETED",
    "ENVIRONMENT_CREATED": "ENVIRONMENT_SETTINGS",
    "ENVIRONMENT_UPDATED": "ENVIRONMENT_SETTINGS",
    "ENVIRONMENT_DELETED": "DELETED",
    "AUTOSCALING_SETTINGS_CHANGED": "AUTOSCALING_SETTINGS",
    "INSTANCE_TYPE_CHANGED": "INSTANCE_TYPE_CHANGED",
    "DEPLOYMENT_REQUEST_BACKPRESSURE_SETTINGS_CHANGED": "REQUEST_BACKPRESSURE_SETTINGS",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts, and through which surface.

    Attributes:
        source: The surface: ``UI``, ``API``, ``MCP``, ``SYSTEM`` or ``OTHER``.
        user_id: The user, for filters.
        email: The email address of a user; None for an API key.
        api_key_prefix: The beginning of an API key, or None.
        api_key_name: Its name, or None.
        client_name: The program, or None.
    """

    source: str = "UI"
    user_id: str = "fake-ops"
    email: str | None = None
    api_key_prefix: str | None = None
    api_key_name: str | None = None
    client_name: str | None = None


#: Acts where nobody else is named.
SOMEBODY: Final = Actor(email="ops@example.com")


class Actors:
    """Remembers who acts now."""

    def __init__(self) -> None:
        self.now: Actor = SOMEBODY

    @contextmanager
    def acting(self, actor: Actor) -> Generator[None]:
        """What is changed while the block runs is changed by *actor*."""
        before, self.now = self.now, actor
        try:
            yield
        finally:
            self.now = before


class AuditedDeployment(Protocol):
    """What an entry tells of a deployment."""

    id: str

    @property
    def name(self) -> str:
        """Its name now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One entry.

    Attributes:
        number: Counts the entries of one chain or model.
        at: When, in the fake's time.
        event: The event, without the kind of its owner.
        environment: The environment's name, or None.
        deployment_id: The deployment, or None.
        deployment_name: Its name then, or None.
        details: Further fields of the event.
        actor: Who did it.
    """

    number: int
    at: float
    event: str
    environment: str | None
    deployment_id: str | None
    deployment_name: str | None
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])
    actor: Actor

    @property
    def group(self) -> str:
        """The group that requests name."""
        return _GROUPS[self.event]

    @property
    def action(self) -> str | None:
        """The action on a promotion, or None."""
        return self.details.get("action")


class AuditLog:
    """The audit log of a chain or a model.

    Args:
        actors: Who acts.
    """

    def __init__(self, actors: Actors) -> None:
        self._actors = actors
        self._entries: list[AuditEntry] = []

    @property
    def entries(self) -> Sequence[AuditEntry]:
        """All entries, oldest first."""
        return tuple(self._entries)

    def write(
        self,
        at: float,
        event: str,
        *,
        environment: str | None = None,
        deployment: AuditedDeployment | None = None,
        **details: Any,
    ) -> None:
        """Add an entry."""
        self._entries.append(
            AuditEntry(
                number=len(self._entries),
                at=at,
                event=event,
                environment=environment,
                deployment_id=None if deployment is None else deployment.id,
                deployment_name=None if deployment is None else deployment.name,
                details=details,
                actor=self._actors.now,
            )
        )
