from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep
from ..types import UNSET

_FIELDS = frozenset(
    {
        "mean_ms",
        "p50_ms",
        "p90_ms",
        "p95_ms",
        "p99_ms",
        "sample_count",
    }
)


@_attrs_define
class StartupPercentiles:
    """A distribution of durations in milliseconds; null without samples."""

    mean_ms: int | None

    p50_ms: int | None

    p90_ms: int | None

    p95_ms: int | None

    p99_ms: int | None

    sample_count: int

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "mean_ms": self.mean_ms,
            "p50_ms": self.p50_ms,
            "p90_ms": self.p90_ms,
            "p95_ms": self.p95_ms,
            "p99_ms": self.p99_ms,
            "sample_count": self.sample_count,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        mean_ms: Any = src_dict.get("mean_ms", UNSET)
        if type(mean_ms) is not int and mean_ms is not None:
            keep("StartupPercentiles.mean_ms", "an integer or null", mean_ms)

        p50_ms: Any = src_dict.get("p50_ms", UNSET)
        if type(p50_ms) is not int and p50_ms is not None:
            keep("StartupPercentiles.p50_ms", "an integer or null", p50_ms)

        p90_ms: Any = src_dict.get("p90_ms", UNSET)
        if type(p90_ms) is not int and p90_ms is not None:
            keep("StartupPercentiles.p90_ms", "an integer or null", p90_ms)

        p95_ms: Any = src_dict.get("p95_ms", UNSET)
        if type(p95_ms) is not int and p95_ms is not None:
            keep("StartupPercentiles.p95_ms", "an integer or null", p95_ms)

        p99_ms: Any = src_dict.get("p99_ms", UNSET)
        if type(p99_ms) is not int and p99_ms is not None:
            keep("StartupPercentiles.p99_ms", "an integer or null", p99_ms)

        sample_count: Any = src_dict.get("sample_count", UNSET)
        if type(sample_count) is not int:
            keep("StartupPercentiles.sample_count", "an integer", sample_count)

        _model = cls(
            mean_ms=mean_ms,
            p50_ms=p50_ms,
            p90_ms=p90_ms,
            p95_ms=p95_ms,
            p99_ms=p99_ms,
            sample_count=sample_count,
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
