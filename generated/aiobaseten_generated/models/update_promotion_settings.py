from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep
from ..models.promotion_cleanup_strategy import PromotionCleanupStrategy
from ..types import UNSET, Unset

_FIELDS = frozenset(
    {
        "promotion_cleanup_strategy",
        "ramp_up_duration_seconds",
        "ramp_up_while_promoting",
        "redeploy_on_promotion",
        "rolling_deploy",
        "rolling_deploy_config",
    }
)


@_attrs_define
class UpdatePromotionSettings:
    """Settings for promotions. Only those that are sent change."""

    promotion_cleanup_strategy: None | PromotionCleanupStrategy | Unset = UNSET
    """ What becomes of the deployment that is replaced """

    ramp_up_duration_seconds: int | None | Unset = UNSET
    """ How long those stages take together """

    ramp_up_while_promoting: bool | None | Unset = UNSET
    """ Deprecated for models; whether the share of traffic grows in ten equal stages """

    redeploy_on_promotion: bool | None | Unset = UNSET
    """ Whether a promotion always makes a new deployment """

    rolling_deploy: bool | None | Unset = UNSET
    """ Whether traffic moves step by step """

    rolling_deploy_config: None | Unset | UpdateRollingDeployConfig = UNSET
    """ The steps of a rolling promotion """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "promotion_cleanup_strategy": self.promotion_cleanup_strategy,
            "ramp_up_duration_seconds": self.ramp_up_duration_seconds,
            "ramp_up_while_promoting": self.ramp_up_while_promoting,
            "redeploy_on_promotion": self.redeploy_on_promotion,
            "rolling_deploy": self.rolling_deploy,
            "rolling_deploy_config": self.rolling_deploy_config,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        promotion_cleanup_strategy: Any = src_dict.get("promotion_cleanup_strategy", UNSET)
        if isinstance(promotion_cleanup_strategy, str):
            promotion_cleanup_strategy = PromotionCleanupStrategy(promotion_cleanup_strategy)
        elif promotion_cleanup_strategy is not None and promotion_cleanup_strategy is not UNSET:
            keep(
                "UpdatePromotionSettings.promotion_cleanup_strategy",
                "a string or null",
                promotion_cleanup_strategy,
            )

        ramp_up_duration_seconds: Any = src_dict.get("ramp_up_duration_seconds", UNSET)
        if (
            type(ramp_up_duration_seconds) is not int
            and ramp_up_duration_seconds is not None
            and ramp_up_duration_seconds is not UNSET
        ):
            keep(
                "UpdatePromotionSettings.ramp_up_duration_seconds",
                "an integer or null",
                ramp_up_duration_seconds,
            )

        ramp_up_while_promoting: Any = src_dict.get("ramp_up_while_promoting", UNSET)
        if (
            not isinstance(ramp_up_while_promoting, bool)
            and ramp_up_while_promoting is not None
            and ramp_up_while_promoting is not UNSET
        ):
            keep(
                "UpdatePromotionSettings.ramp_up_while_promoting",
                "a boolean or null",
                ramp_up_while_promoting,
            )

        redeploy_on_promotion: Any = src_dict.get("redeploy_on_promotion", UNSET)
        if (
            not isinstance(redeploy_on_promotion, bool)
            and redeploy_on_promotion is not None
            and redeploy_on_promotion is not UNSET
        ):
            keep(
                "UpdatePromotionSettings.redeploy_on_promotion",
                "a boolean or null",
                redeploy_on_promotion,
            )

        rolling_deploy: Any = src_dict.get("rolling_deploy", UNSET)
        if (
            not isinstance(rolling_deploy, bool)
            and rolling_deploy is not None
            and rolling_deploy is not UNSET
        ):
            keep("UpdatePromotionSettings.rolling_deploy", "a boolean or null", rolling_deploy)

        rolling_deploy_config: Any = src_dict.get("rolling_deploy_config", UNSET)
        if isinstance(rolling_deploy_config, dict):
            rolling_deploy_config = UpdateRollingDeployConfig.from_dict(rolling_deploy_config)
        elif rolling_deploy_config is not None and rolling_deploy_config is not UNSET:
            keep(
                "UpdatePromotionSettings.rolling_deploy_config",
                "an object or null",
                rolling_deploy_config,
            )

        _model = cls(
            promotion_cleanup_strategy=promotion_cleanup_strategy,
            ramp_up_duration_seconds=ramp_up_duration_seconds,
            ramp_up_while_promoting=ramp_up_while_promoting,
            redeploy_on_promotion=redeploy_on_promotion,
            rolling_deploy=rolling_deploy,
            rolling_deploy_config=rolling_deploy_config,
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


from ..models.update_rolling_deploy_config import UpdateRollingDeployConfig
