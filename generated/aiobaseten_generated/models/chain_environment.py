from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="ChainEnvironment")


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
    """ The promotion that is under way. Only the newest official SDK names it. """

    promotion_settings: PromotionSettings | Unset = UNSET
    """ How promotions to an environment go. """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        created_at = self.created_at.isoformat()

        current_deployment: dict[str, Any] | None
        if isinstance(self.current_deployment, ChainDeployment):
            current_deployment = self.current_deployment.to_dict()

        else:
            current_deployment = self.current_deployment

        name = self.name

        candidate_deployment: dict[str, Any] | None | Unset
        if isinstance(self.candidate_deployment, Unset):
            candidate_deployment = UNSET
        elif isinstance(self.candidate_deployment, ChainDeployment):
            candidate_deployment = self.candidate_deployment.to_dict()

        else:
            candidate_deployment = self.candidate_deployment

        chain_id = self.chain_id

        chainlet_settings: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.chainlet_settings, Unset):
            chainlet_settings = []
            for chainlet_settings_item_data in self.chainlet_settings:
                chainlet_settings_item = chainlet_settings_item_data.to_dict()

                chainlet_settings.append(chainlet_settings_item)

        in_progress_promotion: dict[str, Any] | None | Unset
        if isinstance(self.in_progress_promotion, Unset):
            in_progress_promotion = UNSET
        elif isinstance(self.in_progress_promotion, InProgressPromotion):
            in_progress_promotion = self.in_progress_promotion.to_dict()

        else:
            in_progress_promotion = self.in_progress_promotion

        promotion_settings: dict[str, Any] | Unset = UNSET
        if not isinstance(self.promotion_settings, Unset):
            promotion_settings = self.promotion_settings.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict["created_at"] = created_at
        field_dict["current_deployment"] = current_deployment
        field_dict["name"] = name
        if candidate_deployment is not UNSET:
            field_dict["candidate_deployment"] = candidate_deployment
        if chain_id is not UNSET:
            field_dict["chain_id"] = chain_id
        if chainlet_settings is not UNSET:
            field_dict["chainlet_settings"] = chainlet_settings
        if in_progress_promotion is not UNSET:
            field_dict["in_progress_promotion"] = in_progress_promotion
        if promotion_settings is not UNSET:
            field_dict["promotion_settings"] = promotion_settings
        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        created_at = datetime.datetime.fromisoformat(src_dict["created_at"])
        if created_at.tzinfo is None:
            created_at = created_at.replace(tzinfo=datetime.UTC)

        _current_deployment = src_dict["current_deployment"]
        current_deployment: ChainDeployment | None
        if isinstance(_current_deployment, dict):
            current_deployment_type_0 = ChainDeployment.from_dict(_current_deployment)

            current_deployment = current_deployment_type_0
        elif _current_deployment is None:
            current_deployment = None
        else:
            raise TypeError(
                "current_deployment cannot be this " + type(_current_deployment).__name__
            )

        name = src_dict["name"]

        _candidate_deployment = src_dict.get("candidate_deployment", UNSET)
        candidate_deployment: ChainDeployment | None | Unset
        if isinstance(_candidate_deployment, dict):
            candidate_deployment_type_0 = ChainDeployment.from_dict(_candidate_deployment)

            candidate_deployment = candidate_deployment_type_0
        elif _candidate_deployment is None:
            candidate_deployment = None
        elif isinstance(_candidate_deployment, Unset):
            candidate_deployment = _candidate_deployment
        else:
            raise TypeError(
                "candidate_deployment cannot be this " + type(_candidate_deployment).__name__
            )

        chain_id = src_dict.get("chain_id", UNSET)

        chainlet_settings_list = src_dict.get("chainlet_settings", UNSET)
        chainlet_settings: list[ChainletEnvironmentSettings] | Unset = UNSET
        if not isinstance(chainlet_settings_list, Unset):
            if not isinstance(chainlet_settings_list, list):
                raise TypeError(
                    "chainlet_settings must be a list, not " + type(chainlet_settings_list).__name__
                )
            chainlet_settings = []
            for chainlet_settings_item_data in chainlet_settings_list:
                chainlet_settings_item_object = chainlet_settings_item_data
                if not isinstance(chainlet_settings_item_object, dict):
                    raise TypeError(
                        "ChainletEnvironmentSettings must be an object, not "
                        + type(chainlet_settings_item_object).__name__
                    )
                chainlet_settings_item = ChainletEnvironmentSettings.from_dict(
                    chainlet_settings_item_object
                )

                chainlet_settings.append(chainlet_settings_item)

        _in_progress_promotion = src_dict.get("in_progress_promotion", UNSET)
        in_progress_promotion: InProgressPromotion | None | Unset
        if isinstance(_in_progress_promotion, dict):
            in_progress_promotion_type_0 = InProgressPromotion.from_dict(_in_progress_promotion)

            in_progress_promotion = in_progress_promotion_type_0
        elif _in_progress_promotion is None:
            in_progress_promotion = None
        elif isinstance(_in_progress_promotion, Unset):
            in_progress_promotion = _in_progress_promotion
        else:
            raise TypeError(
                "in_progress_promotion cannot be this " + type(_in_progress_promotion).__name__
            )

        promotion_settings_object = src_dict.get("promotion_settings", UNSET)
        promotion_settings: PromotionSettings | Unset = UNSET
        if not isinstance(promotion_settings_object, Unset):
            if not isinstance(promotion_settings_object, dict):
                raise TypeError(
                    "PromotionSettings must be an object, not "
                    + type(promotion_settings_object).__name__
                )
            promotion_settings = PromotionSettings.from_dict(promotion_settings_object)

        _chain_environment = cls(
            created_at=created_at,
            current_deployment=current_deployment,
            name=name,
            candidate_deployment=candidate_deployment,
            chain_id=chain_id,
            chainlet_settings=chainlet_settings,
            in_progress_promotion=in_progress_promotion,
            promotion_settings=promotion_settings,
        )
        if len(src_dict) > 3:
            _chain_environment.additional_properties = {
                key: value
                for key, value in src_dict.items()
                if key
                not in {
                    "created_at",
                    "current_deployment",
                    "name",
                    "candidate_deployment",
                    "chain_id",
                    "chainlet_settings",
                    "in_progress_promotion",
                    "promotion_settings",
                }
            }

        return _chain_environment

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
