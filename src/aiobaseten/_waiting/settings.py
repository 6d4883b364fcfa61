"""Waits until an environment shows a change of its settings. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import define, field

from .._status import Stage
from ..readings import EnvironmentReading
from ..settings import Difference, differences
from .history import History
from .steps import KEEPS_WORKING, Done, Pending, Step, Still


@define
class SettingsTracker:
    """Follows an environment until it has the wanted settings. One look that shows them is enough.

    Attributes:
        label: The change, to begin a sentence with.
        wanted: The settings, as JSON.
        answer: Baseten's word for what becomes of the change, or an empty string.
        history: Empty: this follows no status.
    """

    label: str
    wanted: Mapping[str, Any]
    answer: str = ""
    history: History = field(factory=History)
    _left: tuple[Difference, ...] = ()

    def see(self, reading: EnvironmentReading, at: float) -> Step:
        """Decide."""
        environment = reading.value
        self._left = differences(self.wanted, environment.to_dict())
        return Step(
            verdict=Pending() if self._left else Done(lambda: environment),
            events=(),
            stage=Stage.IDLE,
            in_stage=at,
        )

    def still(self) -> Still:
        """What the message says when the wait times out."""
        seen = ", ".join(map(str, self._left)) or "nothing of it"
        answered = f", which Baseten answered with {self.answer}," if self.answer else ""
        return Still(f"{self.label}{answered} is not shown", seen, KEEPS_WORKING)
