"""All chains and models of one fake, and its time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from ..behaviour import Behaviour
from .agenda import Agenda
from .audit_log import Actors, AuditEntry
from .chain import FakeChain
from .clock import FakeClock
from .model import FakeModel
from .refusal import find
from .resource import TEAM, FakeResource


class World:
    """The whole state of one fake.

    Attributes:
        clock: Its time.
        agenda: The actions planned for later.
        behaviour: Its answers to open questions.
        started: The time of day at which its time began.
        actors: Who acts now, for the audit logs.
        chains: Its chains by id.
        models: Its models by id.
    """

    def __init__(self, *, clock: FakeClock, behaviour: Behaviour, started: datetime) -> None:
        self.clock = clock
        self.agenda = Agenda(clock)
        self.behaviour = behaviour
        self.started = started
        self.actors = Actors()
        self.chains: dict[str, FakeChain] = {}
        self.models: dict[str, FakeModel] = {}

    def now(self) -> float:
        """Seconds in the fake's time, after all planned actions that are due have run."""
        return self.agenda.now()

    def chain(
        self, chain_id: str, *, name: str | None = None, team: str | None = None
    ) -> FakeChain:
        """The chain with this id; makes it if there is none.

        Raises:
            ValueError: A bad id, a name that another chain of the team has, or options for a chain
                that exists.
        """
        if _is_new(self.chains, chain_id, name, team):
            self.chains[chain_id] = FakeChain(
                chain_id,
                name=name,
                team=team,
                now=self.now,
                behaviour=self.behaviour,
                started=self.started,
                actors=self.actors,
            )
        return self.chains[chain_id]

    def model(
        self, model_id: str, *, name: str | None = None, team: str | None = None
    ) -> FakeModel:
        """The model with this id; makes it if there is none.

        Raises:
            ValueError: A bad id, a name that another model of the team has, or options for a model
                that exists.
        """
        if _is_new(self.models, model_id, name, team):
            self.models[model_id] = FakeModel(
                model_id,
                name=name,
                team=team,
                now=self.now,
                behaviour=self.behaviour,
                started=self.started,
                actors=self.actors,
            )
        return self.models[model_id]

    def chains_at(self, when: float) -> Mapping[str, FakeChain]:
        """The chains that exist at that time, by id."""
        return {name: one for name, one in self.chains.items() if one.since <= when}

    def models_at(self, when: float) -> Mapping[str, FakeModel]:
        """The models that exist at that time, by id."""
        return {name: one for name, one in self.models.items() if one.since <= when}

    def audit_entries(self) -> Sequence[tuple[FakeResource, AuditEntry]]:
        """The entries of all audit logs with what each belongs to, oldest first."""
        owners: tuple[FakeResource, ...] = (*self.chains.values(), *self.models.values())
        entries = [(owner, entry) for owner in owners for entry in owner.audit_log.entries]
        return sorted(entries, key=lambda one: one[1].at)

    def find_chain(self, chain_id: str, when: float) -> FakeChain:
        """The chain that a request at that time finds; raises Refused (404) if there is none."""
        found = self.chains.get(chain_id)
        if found is not None and found.since <= when:  # there may be thousands
            return found
        return find(self.chains_at(when), "Chain", chain_id)

    def find_model(self, model_id: str, when: float) -> FakeModel:
        """The model that a request at that time finds; raises Refused (404) if there is none."""
        found = self.models.get(model_id)
        if found is not None and found.since <= when:  # there may be thousands
            return found
        return find(self.models_at(when), "Model", model_id)


def _is_new(
    known: Mapping[str, FakeResource], resource_id: str, name: str | None, team: str | None
) -> bool:
    """Whether there is none with this id; raises ValueError if the options make no sense."""
    if resource_id in known:
        if name is not None or team is not None:
            raise ValueError(f"{resource_id} exists already: its name and team cannot change")
        return False
    names = {(one.name, one.team) for one in known.values()}
    wanted = (resource_id if name is None else name, TEAM if team is None else team)
    if wanted in names:
        raise ValueError(f"team {wanted[1]!r} already has the name {wanted[0]!r}")
    return True
