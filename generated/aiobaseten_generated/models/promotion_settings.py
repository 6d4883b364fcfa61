from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.promotion_cleanup_strategy import PromotionCleanupStrategy
from ..types import UNSET, Unset

T = TypeVar("T", bound="PromotionSettings")


@_attrs_define
class PromotionSettings:
    """How promotions to an environment go."""

    promotion_cleanup_strategy: None | PromotionCleanupStrategy | Unset = UNSET
    """ What becomes of the deployment that is replaced """

    ramp_up_duration_seconds: int | None | Unset = UNSET
    """ How long those stages take together. Baseten's default: 600. """

    ramp_up_while_promoting: bool | None | Unset = UNSET
    """ Deprecated for models; whether the share of traffic grows in ten equal stages. Baseten's default: false. """

    redeploy_on_promotion: bool | None | Unset = UNSET
    """ Whether a promotion always makes a new deployment. Baseten's default: false. """

    rolling_deploy: bool | None | Unset = UNSET
    """ Whether traffic moves step by step. Baseten's default: false. """

    rolling_deploy_config: None | RollingDeployConfig | Unset = UNSET

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        promotion_cleanup_strategy: None | str | Unset
        if isinstance(self.promotion_cleanup_strategy, Unset):
            promotion_cleanup_strategy = UNSET
        elif isinstance(self.promotion_cleanup_strategy, PromotionCleanupStrategy):
            promotion_cleanup_strategy = self.promotion_cleanup_strategy.value
        else:
            promotion_cleanup_strategy = self.promotion_cleanup_strategy

        ramp_up_duration_seconds: int | None | Unset
        if isinstance(self.ramp_up_duration_seconds, Unset):
            ramp_up_duration_seconds = UNSET
        else:
            ramp_up_duration_seconds = self.ramp_up_duration_seconds

        ramp_up_while_promoting: bool | None | Unset
        if isinstance(self.ramp_up_while_promoting, Unset):
            ramp_up_while_promoting = UNSET
        else:
            ramp_up_while_promoting = self.ramp_up_while_promoting

        redeploy_on_promotion: bool | None | Unset
        if isinstance(self.redeploy_on_promotion, Unset):
            redeploy_on_promotion = UNSET
        else:
            redeploy_on_promotion = self.redeploy_on_promotion

        rolling_deploy: bool | None | Unset
        if isinstance(self.rolling_deploy, Unset):
            rolling_deploy = UNSET
        else:
            rolling_deploy = self.rolling_deploy

        rolling_deploy_config: dict[str, Any] | None | Unset
        if isinstance(self.rolling_deploy_config, Unset):
            rolling_deploy_config = UNSET
        elif isinstance(self.rolling_deploy_config, RollingDeployConfig):
            rolling_deploy_config = self.rolling_deploy_config.to_dict()

        else:
            rolling_deploy_config = self.rolling_deploy_config

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        if promotion_cleanup_strategy is not UNSET:
            field_dict["promotion_cleanup_strategy"] = promotion_cleanup_strategy
        if ramp_up_duration_seconds is not UNSET:
            field_dict["ramp_up_duration_seconds"] = ramp_up_duration_seconds
        if ramp_up_while_promoting is not UNSET:
            field_dict["ramp_up_while_promoting"] = ramp_up_while_promoting
        if redeploy_on_promotion is not UNSET:
            field_dict["redeploy_on_promotion"] = redeploy_on_promotion
        if rolling_deploy is not UNSET:
            field_dict["rolling_deploy"] = rolling_deploy
        if rolling_deploy_config is not UNSET:
            field_dict["rolling_deploy_config"] = rolling_deploy_config
        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        _promotion_cleanup_strategy = src_dict.get("promotion_cleanup_strategy", UNSET)
        promotion_cleanup_strategy: None | PromotionCleanupStrategy | Unset
        if isinstance(_promotion_cleanup_strategy, str):
            promotion_cleanup_strategy_type_0 = PromotionCleanupStrategy(
                _promotion_cleanup_strategy
            )

            promotion_cleanup_strategy = promotion_cleanup_strategy_type_0
        elif _promotion_cleanup_strategy is None:
            promotion_cleanup_strategy = None
        elif isinstance(_promotion_cleanup_strategy, Unset):
            promotion_cleanup_strategy = _promotion_cleanup_strategy
        else:
            raise TypeError(
                "promotion_cleanup_strategy cannot be this "
                + type(_promotion_cleanup_strategy).__name__
            )

        ramp_up_duration_seconds = cast(
            "int | None | Unset", src_dict.get("ramp_up_duration_seconds", UNSET)
        )

        ramp_up_while_promoting = cast(
            "bool | None | Unset", src_dict.get("ramp_up_while_promoting", UNSET)
        )

        redeploy_on_promotion = cast(
            "bool | None | Unset", src_dict.get("redeploy_on_promotion", UNSET)
        )

        rolling_deploy = cast("bool | None | Unset", src_dict.get("rolling_deploy", UNSET))

        _rolling_deploy_config = src_dict.get("rolling_deploy_config", UNSET)
        rolling_deploy_config: None | RollingDeployConfig | Unset
        if isinstance(_rolling_deploy_config, dict):
            rolling_deploy_config_type_0 = RollingDeployConfig.from_dict(_rolling_deploy_config)

            rolling_deploy_config = rolling_deploy_config_type_0
        elif _rolling_deploy_config is None:
            rolling_deploy_config = None
        elif isinstance(_rolling_deploy_config, Unset):
            rolling_deploy_config = _rolling_deploy_config
        else:
            raise TypeError(
                "rolling_deploy_config cannot be this " + type(_rolling_deploy_config).__name__
            )

        _promotion_settings = cls(
            promotion_cleanup_strategy=promotion_cleanup_strategy,
            ramp_up_duration_seconds=ramp_up_duration_seconds,
            ramp_up_while_promoting=ramp_up_while_promoting,
            redeploy_on_promotion=redeploy_on_promotion,
            rolling_deploy=rolling_deploy,
            rolling_deploy_config=rolling_deploy_config,
        )
        if len(src_dict) > 0:
            _promotion_settings.additional_properties = {
                key: value
                for key, value in src_dict.items()
                if key
                not in {
                    "promotion_cleanup_strategy",
                    "ramp_up_duration_seconds",
                    "ramp_up_while_promoting",
                    "redeploy_on_promotion",
                    "rolling_deploy",
                    "rolling_deploy_config",
                }
            }

        return _promotion_settings

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


from ..models.rolling_deploy_config import RollingDeployConfig
