from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.chain_deployment_v1 import ChainDeploymentV1
    from ..models.chainlet_environment_settings import ChainletEnvironmentSettings
    from ..models.in_progress_promotion_v1 import InProgressPromotionV1
    from ..models.promotion_settings_v1 import PromotionSettingsV1


T = TypeVar("T", bound="ChainEnvironmentV1")


@_attrs_define
class ChainEnvironmentV1:
    """An environment of a chain."""

    created_at: datetime.datetime
    """ When the environment was created """
    current_deployment: ChainDeploymentV1 | None
    """ The deployment that gets the traffic; null in an environment that never had one """
    name: str
    """ Name of the environment """
    candidate_deployment: ChainDeploymentV1 | None | Unset = UNSET
    """ The deployment that is being promoted """
    chain_id: str | Unset = UNSET
    """ The chain that it belongs to """
    chainlet_settings: list[ChainletEnvironmentSettings] | Unset = UNSET
    in_progress_promotion: InProgressPromotionV1 | None | Unset = UNSET
    """ The promotion that is under way. Only the newest official SDK names it. """
    promotion_settings: PromotionSettingsV1 | Unset = UNSET
    """ How promotions to an environment go. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.chain_deployment_v1 import ChainDeploymentV1  # noqa: PLC0415
        from ..models.in_progress_promotion_v1 import InProgressPromotionV1  # noqa: PLC0415

        created_at = self.created_at.isoformat()

        current_deployment: dict[str, Any] | None
        if isinstance(self.current_deployment, ChainDeploymentV1):
            current_deployment = self.current_deployment.to_dict()

        else:
            current_deployment = self.current_deployment

        name = self.name

        candidate_deployment: dict[str, Any] | None | Unset
        if isinstance(self.candidate_deployment, Unset):
            candidate_deployment = UNSET
        elif isinstance(self.candidate_deployment, ChainDeploymentV1):
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
        elif isinstance(self.in_progress_promotion, InProgressPromotionV1):
            in_progress_promotion = self.in_progress_promotion.to_dict()

        else:
            in_progress_promotion = self.in_progress_promotion

        promotion_settings: dict[str, Any] | Unset = UNSET
        if not isinstance(self.promotion_settings, Unset):
            promotion_settings = self.promotion_settings.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "created_at": created_at,
                "current_deployment": current_deployment,
                "name": name,
            }
        )
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
        from ..models.chain_deployment_v1 import ChainDeploymentV1  # noqa: PLC0415
        from ..models.chainlet_environment_settings import ChainletEnvironmentSettings  # noqa: PLC0415
        from ..models.in_progress_promotion_v1 import InProgressPromotionV1  # noqa: PLC0415
        from ..models.promotion_settings_v1 import PromotionSettingsV1  # noqa: PLC0415

        d = dict(src_dict)
        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))
        if created_at.tzinfo is None:
            created_at = created_at.replace(tzinfo=datetime.UTC)

        def _parse_current_deployment(data: object) -> ChainDeploymentV1 | None:
            if data is None:
                return None
            if isinstance(data, dict):
                current_deployment_type_0 = ChainDeploymentV1.from_dict(data)

                return current_deployment_type_0
            raise TypeError("current_deployment cannot be this " + type(data).__name__)

        current_deployment = _parse_current_deployment(d.pop("current_deployment"))

        name = d.pop("name")

        def _parse_candidate_deployment(data: object) -> ChainDeploymentV1 | None | Unset:
            if data is None:
                return None
            if isinstance(data, Unset):
                return data
            if isinstance(data, dict):
                candidate_deployment_type_0 = ChainDeploymentV1.from_dict(data)

                return candidate_deployment_type_0
            raise TypeError("candidate_deployment cannot be this " + type(data).__name__)

        candidate_deployment = _parse_candidate_deployment(d.pop("candidate_deployment", UNSET))

        chain_id = d.pop("chain_id", UNSET)

        chainlet_settings_list = d.pop("chainlet_settings", UNSET)
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

        def _parse_in_progress_promotion(data: object) -> InProgressPromotionV1 | None | Unset:
            if data is None:
                return None
            if isinstance(data, Unset):
                return data
            if isinstance(data, dict):
                in_progress_promotion_type_0 = InProgressPromotionV1.from_dict(data)

                return in_progress_promotion_type_0
            raise TypeError("in_progress_promotion cannot be this " + type(data).__name__)

        in_progress_promotion = _parse_in_progress_promotion(d.pop("in_progress_promotion", UNSET))

        promotion_settings_object = d.pop("promotion_settings", UNSET)
        promotion_settings: PromotionSettingsV1 | Unset = UNSET
        if not isinstance(promotion_settings_object, Unset):
            if not isinstance(promotion_settings_object, dict):
                raise TypeError(
                    "PromotionSettingsV1 must be an object, not "
                    + type(promotion_settings_object).__name__
                )
            promotion_settings = PromotionSettingsV1.from_dict(promotion_settings_object)

        chain_environment_v1 = cls(
            created_at=created_at,
            current_deployment=current_deployment,
            name=name,
            candidate_deployment=candidate_deployment,
            chain_id=chain_id,
            chainlet_settings=chainlet_settings,
            in_progress_promotion=in_progress_promotion,
            promotion_settings=promotion_settings,
        )

        chain_environment_v1.additional_properties = d
        return chain_environment_v1

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
