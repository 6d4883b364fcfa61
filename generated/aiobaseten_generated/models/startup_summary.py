from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep
from ..types import UNSET

_FIELDS = frozenset(
    {
        "end_epoch_millis",
        "phase_duration_ms",
        "start_epoch_millis",
        "total_duration_ms",
    }
)


@_attrs_define
class StartupSummary:
    """How long startups took, and their phases."""

    end_epoch_millis: int
    """ Where the window ends """

    phase_duration_ms: list[StartupPhasePercentiles]

    start_epoch_millis: int
    """ Where the window begins """

    total_duration_ms: StartupPercentiles
    """ A distribution of durations in milliseconds; null without samples. """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "end_epoch_millis": self.end_epoch_millis,
            "phase_duration_ms": self.phase_duration_ms,
            "start_epoch_millis": self.start_epoch_millis,
            "total_duration_ms": self.total_duration_ms,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        end_epoch_millis: Any = src_dict.get("end_epoch_millis", UNSET)
        if type(end_epoch_millis) is not int:
            keep("StartupSummary.end_epoch_millis", "an integer", end_epoch_millis)

        phase_duration_ms: Any = src_dict.get("phase_duration_ms", UNSET)
        if isinstance(phase_duration_ms, list):
            _phase_duration_ms_items: list[Any] = []
            for _phase_duration_ms_item in phase_duration_ms:
                if isinstance(_phase_duration_ms_item, dict):
                    _phase_duration_ms_item = StartupPhasePercentiles.from_dict(
                        _phase_duration_ms_item
                    )
                else:
                    keep("StartupSummary.phase_duration_ms[]", "an object", _phase_duration_ms_item)
                _phase_duration_ms_items.append(_phase_duration_ms_item)
            phase_duration_ms = _phase_duration_ms_items
        else:
            keep("StartupSummary.phase_duration_ms", "a list", phase_duration_ms)

        start_epoch_millis: Any = src_dict.get("start_epoch_millis", UNSET)
        if type(start_epoch_millis) is not int:
            keep("StartupSummary.start_epoch_millis", "an integer", start_epoch_millis)

        total_duration_ms: Any = src_dict.get("total_duration_ms", UNSET)
        if isinstance(total_duration_ms, dict):
            total_duration_ms = StartupPercentiles.from_dict(total_duration_ms)
        else:
            keep("StartupSummary.total_duration_ms", "an object", total_duration_ms)

        _model = cls(
            end_epoch_millis=end_epoch_millis,
            phase_duration_ms=phase_duration_ms,
            start_epoch_millis=start_epoch_millis,
            total_duration_ms=total_duration_ms,
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
from ..models.startup_phase_percentiles import StartupPhasePercentiles
