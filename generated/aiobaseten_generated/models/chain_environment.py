from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, date_time, keep, misfit
from ..types import UNSET, Unset

_FIELDS = frozenset(
    {
        "created_at",
        "current_deployment",
        "name",
        "candidate_deployment",
        "chain_id",
        "chainlet_settings",
        "in_progress_promotion",
        "promotion_settings",
    }
)


@_attrs_define
class ChainEnvironment:
    """An environment of a chain."""

    created_at: datetime.datetime
    """ When the environment was created """

    current_deployment: ChainDeployment | None
    """ The deployment that gets the traffic; null in an environment that never had one """

    name: str
    """ Name of the environment """

    candidate_deployment: ChainDeployment | None | Unset = UNSET
    """ The deployment that is being promoted """

    chain_id: str | Unset = UNSET
    """ The chain that it belongs to """

    chainlet_settings: list[ChainletEnvironmentSettings] | Unset = UNSET

    in_progress_promotion: InProgressPromotion | None | Unset = UNSET
    """ The running promotion. Only the newest official SDK has this field. """

    promotion_settings: PromotionSettings | Unset = UNSET
    """ How promotions to an environment go. """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "created_at": self.created_at,
            "current_deployment": self.current_deployment,
            "name": self.name,
            "candidate_deployment": self.candidate_deployment,
            "chain_id": self.chain_id,
            "chainlet_settings": self.chainlet_settings,
            "in_progress_promotion": self.in_progress_promotion,
            "promotion_settings": self.promotion_settings,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        current_deployment: Any = src_dict["current_deployment"]
        if isinstance(current_deployment, dict):
            current_deployment = ChainDeployment.from_dict(current_deployment)
        elif current_deployment is not None:
            raise misfit(
                "ChainEnvironment.current_deployment", "an object or null", current_deployment
            )

        created_at: Any = src_dict.get("created_at", UNSET)
        if isinstance(created_at, str):
            try:
                created_at = date_time(created_at)
            except ValueError:
                keep("ChainEnvironment.created_at", "a date-time", created_at)
        else:
            keep("ChainEnvironment.created_at", "a date-time", created_at)

        name: Any = src_dict.get("name", UNSET)
        if not isinstance(name, str):
            keep("ChainEnvironment.name", "a string", name)

        candidate_deployment: Any = src_dict.get("candidate_deployment", UNSET)
        if isinstance(candidate_deployment, dict):
            candidate_deployment = ChainDeployment.from_dict(candidate_deployment)
        elif candidate_deployment is not None and candidate_deployment is not UNSET:
            keep("ChainEnvironment.candidate_deployment", "an object or null", candidate_deployment)

        chain_id: Any = src_dict.get("chain_id", UNSET)
        if not isinstance(chain_id, str) and chain_id is not UNSET:
            keep("ChainEnvironment.chain_id", "a string", chain_id)

        chainlet_settings: Any = src_dict.get("chainlet_settings", UNSET)
        if isinstance(chainlet_settings, list):
            _chainlet_settings_items: list[Any] = []
            for _chainlet_settings_item in chainlet_settings:
                if isinstance(_chainlet_settings_item, dict):
                    _chainlet_settings_item = ChainletEnvironmentSettings.from_dict(
                        _chainlet_settings_item
                    )
                else:
                    keep(
                        "ChainEnvironment.chainlet_settings[]", "an object", _chainlet_settings_item
                    )
                _chainlet_settings_items.append(_chainlet_settings_item)
            chainlet_settings = _chainlet_settings_items
        elif chainlet_settings is not UNSET:
            keep("ChainEnvironment.chainlet_settings", "a list", chainlet_settings)

        in_progress_promotion: Any = src_dict.get("in_progress_promotion", UNSET)
        if isinstance(in_progress_promotion, dict):
            in_progress_promotion = InProgressPromotion.from_dict(in_progress_promotion)
        elif in_progress_promotion is not None and in_progress_promotion is not UNSET:
            keep(
                "ChainEnvironment.in_progress_promotion", "an object or null", in_progress_promotion
            )

        promotion_settings: Any = src_dict.get("promotion_settings", UNSET)
        if isinstance(promotion_settings, dict):
            promotion_settings = PromotionSettings.from_dict(promotion_settings)
        elif promotion_settings is not UNSET:
            keep("ChainEnvironment.promotion_settings", "an object", promotion_settings)

        _model = cls(
            created_at=created_at,
            current_deployment=current_deployment,
            name=name,
            candidate_deployment=candidate_deployment,
            chain_id=chain_id,
            chainlet_settings=chainlet_settings,
            in_progress_promotion=in_progress_promotion,
            promotion_settings=promotion_settings,
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


from ..models.chain_deployment import ChainDeployment
from ..models.chainlet_environment_settings import ChainletEnvironmentSettings
from ..models.in_progress_promotion import InProgressPromotion
from ..models.promotion_settings import PromotionSettings
