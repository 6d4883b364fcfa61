from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep
from ..models.startup_outcome import StartupOutcome
from ..types import UNSET

_FIELDS = frozenset(
    {
        "deployment_id",
        "deployment_name",
        "duration_ms",
        "environment_name",
        "model_id",
        "outcome",
        "phase_summary",
        "ready_at_epoch_millis",
        "replica_id",
        "started_at_epoch_millis",
    }
)


@_attrs_define
class StartupAttempt:
    """One attempt of a replica to start."""

    deployment_id: None | str

    deployment_name: str

    duration_ms: int

    environment_name: None | str
    """ Null in the startups of a deployment """

    model_id: str

    outcome: StartupOutcome
    """ How a startup ended. """

    phase_summary: list[StartupPhaseSummary]

    ready_at_epoch_millis: int | None
    """ Null if the replica never was ready """

    replica_id: None | str

    started_at_epoch_millis: int

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "deployment_id": self.deployment_id,
            "deployment_name": self.deployment_name,
            "duration_ms": self.duration_ms,
            "environment_name": self.environment_name,
            "model_id": self.model_id,
            "outcome": self.outcome,
            "phase_summary": self.phase_summary,
            "ready_at_epoch_millis": self.ready_at_epoch_millis,
            "replica_id": self.replica_id,
            "started_at_epoch_millis": self.started_at_epoch_millis,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        deployment_id: Any = src_dict.get("deployment_id", UNSET)
        if not isinstance(deployment_id, str) and deployment_id is not None:
            keep("StartupAttempt.deployment_id", "a string or null", deployment_id)

        deployment_name: Any = src_dict.get("deployment_name", UNSET)
        if not isinstance(deployment_name, str):
            keep("StartupAttempt.deployment_name", "a string", deployment_name)

        duration_ms: Any = src_dict.get("duration_ms", UNSET)
        if type(duration_ms) is not int:
            keep("StartupAttempt.duration_ms", "an integer", duration_ms)

        environment_name: Any = src_dict.get("environment_name", UNSET)
        if not isinstance(environment_name, str) and environment_name is not None:
            keep("StartupAttempt.environment_name", "a string or null", environment_name)

        model_id: Any = src_dict.get("model_id", UNSET)
        if not isinstance(model_id, str):
            keep("StartupAttempt.model_id", "a string", model_id)

        outcome: Any = src_dict.get("outcome", UNSET)
        if isinstance(outcome, str):
            outcome = StartupOutcome(outcome)
        else:
            keep("StartupAttempt.outcome", "a string", outcome)

        phase_summary: Any = src_dict.get("phase_summary", UNSET)
        if isinstance(phase_summary, list):
            _phase_summary_items: list[Any] = []
            for _phase_summary_item in phase_summary:
                if isinstance(_phase_summary_item, dict):
                    _phase_summary_item = StartupPhaseSummary.from_dict(_phase_summary_item)
                else:
                    keep("StartupAttempt.phase_summary[]", "an object", _phase_summary_item)
                _phase_summary_items.append(_phase_summary_item)
            phase_summary = _phase_summary_items
        else:
            keep("StartupAttempt.phase_summary", "a list", phase_summary)

        ready_at_epoch_millis: Any = src_dict.get("ready_at_epoch_millis", UNSET)
        if type(ready_at_epoch_millis) is not int and ready_at_epoch_millis is not None:
            keep(
                "StartupAttempt.ready_at_epoch_millis", "an integer or null", ready_at_epoch_millis
            )

        replica_id: Any = src_dict.get("replica_id", UNSET)
        if not isinstance(replica_id, str) and replica_id is not None:
            keep("StartupAttempt.replica_id", "a string or null", replica_id)

        started_at_epoch_millis: Any = src_dict.get("started_at_epoch_millis", UNSET)
        if type(started_at_epoch_millis) is not int:
            keep("StartupAttempt.started_at_epoch_millis", "an integer", started_at_epoch_millis)

        _model = cls(
            deployment_id=deployment_id,
            deployment_name=deployment_name,
            duration_ms=duration_ms,
            environment_name=environment_name,
            model_id=model_id,
            outcome=outcome,
            phase_summary=phase_summary,
            ready_at_epoch_millis=ready_at_epoch_millis,
            replica_id=replica_id,
            started_at_epoch_millis=started_at_epoch_millis,
        )
        if not src_dict.keys() <= _FIELDS:
            _model.additional_properties = {
                key: value for key, value in src_dict.items() if key not in _FIELDS
            }
        return _model

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties


from ..models.startup_phase_summary import StartupPhaseSummary
