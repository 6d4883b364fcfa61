from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep
from ..models.startup_phase import StartupPhase
from ..models.startup_phase_status import StartupPhaseStatus
from ..types import UNSET

_FIELDS = frozenset(
    {
        "duration_ms",
        "offset_ms",
        "phase",
        "status",
    }
)


@_attrs_define
class StartupPhaseSummary:
    """One phase of a startup."""

    duration_ms: int | None
    """ Null if the phase has not finished """

    offset_ms: int
    """ From the beginning of the startup to that of the phase """

    phase: StartupPhase
    """ A phase of a startup. """

    status: StartupPhaseStatus
    """ How a phase ended. """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "duration_ms": self.duration_ms,
            "offset_ms": self.offset_ms,
            "phase": self.phase,
            "status": self.status,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        duration_ms: Any = src_dict.get("duration_ms", UNSET)
        if type(duration_ms) is not int and duration_ms is not None:
            keep("StartupPhaseSummary.duration_ms", "an integer or null", duration_ms)

        offset_ms: Any = src_dict.get("offset_ms", UNSET)
        if type(offset_ms) is not int:
            keep("StartupPhaseSummary.offset_ms", "an integer", offset_ms)

        phase: Any = src_dict.get("phase", UNSET)
        if isinstance(phase, str):
            phase = StartupPhase(phase)
        else:
            keep("StartupPhaseSummary.phase", "a string", phase)

        status: Any = src_dict.get("status", UNSET)
        if isinstance(status, str):
            status = StartupPhaseStatus(status)
        else:
            keep("StartupPhaseSummary.status", "a string", status)

        _model = cls(
            duration_ms=duration_ms,
            offset_ms=offset_ms,
            phase=phase,
            status=status,
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
