from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep
from ..models.startup_phase import StartupPhase
from ..types import UNSET

_FIELDS = frozenset(
    {
        "duration_ms",
        "phase",
    }
)


@_attrs_define
class StartupPhasePercentiles:
    """How long one phase took."""

    duration_ms: StartupPercentiles
    """ A distribution of durations in milliseconds; null without samples. """

    phase: StartupPhase
    """ A phase of a startup. """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "duration_ms": self.duration_ms,
            "phase": self.phase,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        duration_ms: Any = src_dict.get("duration_ms", UNSET)
        if isinstance(duration_ms, dict):
            duration_ms = StartupPercentiles.from_dict(duration_ms)
        else:
            keep("StartupPhasePercentiles.duration_ms", "an object", duration_ms)

        phase: Any = src_dict.get("phase", UNSET)
        if isinstance(phase, str):
            phase = StartupPhase(phase)
        else:
            keep("StartupPhasePercentiles.phase", "a string", phase)

        _model = cls(
            duration_ms=duration_ms,
            phase=phase,
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


from ..models.startup_percentiles import StartupPercentiles
