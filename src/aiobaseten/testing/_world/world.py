"""All chains and models of one fake, and its time."""

from __future__ import annotations

from datetime import datetime

from ..behaviour import Behaviour
from .agenda import Agenda
from .chain import FakeChain
from .clock import FakeClock
from .model import FakeModel
from .refusal import find


class World:
    """The whole state of one fake.

    Attributes:
        clock: Its time.
        agenda: The actions planned for later.
        behaviour: Its answers to open questions.
        started: The time of day at which its time began.
        chains: Its chains by id.
        models: Its models by id.
    """

    def __init__(self, *, clock: FakeClock, behaviour: Behaviour, started: datetime) -> None:
        self.clock = clock
        self.agenda = Agenda(clock)
        self.behaviour = behaviour
        self.started = started
        self.chains: dict[str, FakeChain] = {}
        self.models: dict[str, FakeModel] = {}

    def now(self) -> float:
        """Seconds in the fake's time, after all planned actions that are due have run."""
        return self.agenda.now()

    def chain(self, chain_id: str) -> FakeChain:
        """The chain with this id; makes it if there is none. Raises ValueError for a bad id."""
        if chain_id not in self.chains:
            self.chains[chain_id] = FakeChain(
                chain_id, now=self.now, behaviour=self.behaviour, started=self.started
            )
        return self.chains[chain_id]

    def model(self, model_id: str) -> FakeModel:
        """The model with this id; makes it if there is none. Raises ValueError for a bad id."""
        if model_id not in self.models:
            self.models[model_id] = FakeModel(
                model_id, now=self.now, behaviour=self.behaviour, started=self.started
            )
        return self.models[model_id]

    def find_chain(self, chain_id: str) -> FakeChain:
        """The chain with this id; raises Refused (404) if there is none."""
        return find(self.chains, "Chain", chain_id)

    def find_model(self, model_id: str) -> FakeModel:
        """The model with this id; raises Refused (404) if there is none."""
        return find(self.models, "Model", model_id)
