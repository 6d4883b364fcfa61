from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep
from ..types import UNSET

_FIELDS = frozenset(
    {
        "display_name",
        "slug",
    }
)


@_attrs_define
class Region:
    """A region in which deployments run."""

    display_name: str
    """ Its name, for people """

    slug: str
    """ Its identifier """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "display_name": self.display_name,
            "slug": self.slug,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        display_name: Any = src_dict.get("display_name", UNSET)
        if not isinstance(display_name, str):
            keep("Region.display_name", "a string", display_name)

        slug: Any = src_dict.get("slug", UNSET)
        if not isinstance(slug, str):
            keep("Region.slug", "a string", slug)

        _model = cls(
            display_name=display_name,
            slug=slug,
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
