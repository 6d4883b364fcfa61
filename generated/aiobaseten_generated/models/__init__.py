"""Contains all the data models used in inputs/outputs; each is imported when it is first used."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .activate_response_v1 import ActivateResponseV1
    from .autoscaling_settings_v1 import AutoscalingSettingsV1
    from .cancel_promotion_response_v1 import CancelPromotionResponseV1
    from .cancel_promotion_status_v1 import CancelPromotionStatusV1
    from .chain_deployment_v1 import ChainDeploymentV1
    from .chain_deployments_v1 import ChainDeploymentsV1
    from .chain_environment_v1 import ChainEnvironmentV1
    from .chain_environments_v1 import ChainEnvironmentsV1
    from .chainlet_environment_settings import ChainletEnvironmentSettings
    from .chainlet_v1 import ChainletV1
    from .deactivate_chain_deployment_response_v1 import DeactivateChainDeploymentResponseV1
    from .deactivate_response_v1 import DeactivateResponseV1
    from .deployment_labels import DeploymentLabels
    from .deployment_status_v1 import DeploymentStatusV1
    from .deployment_v1 import DeploymentV1
    from .deployments_v1 import DeploymentsV1
    from .environment_settings_update import EnvironmentSettingsUpdate
    from .environment_v1 import EnvironmentV1
    from .environments_v1 import EnvironmentsV1
    from .get_logs_response_v1 import GetLogsResponseV1
    from .in_progress_promotion_status_v1 import InProgressPromotionStatusV1
    from .in_progress_promotion_v1 import InProgressPromotionV1
    from .instance_type_v1 import InstanceTypeV1
    from .log_v1 import LogV1
    from .promote_to_chain_environment_request_v1 import PromoteToChainEnvironmentRequestV1
    from .promote_to_environment_request_v1 import PromoteToEnvironmentRequestV1
    from .promotion_cleanup_strategy_v1 import PromotionCleanupStrategyV1
    from .promotion_settings_override import PromotionSettingsOverride
    from .promotion_settings_v1 import PromotionSettingsV1
    from .retry_deployment_response_v1 import RetryDeploymentResponseV1
    from .rolling_deploy_config_v1 import RollingDeployConfigV1
    from .signal_promotion_response_v1 import SignalPromotionResponseV1
    from .sort_order_v1 import SortOrderV1

__all__ = (
    "ActivateResponseV1",
    "AutoscalingSettingsV1",
    "CancelPromotionResponseV1",
    "CancelPromotionStatusV1",
    "ChainDeploymentsV1",
    "ChainDeploymentV1",
    "ChainEnvironmentsV1",
    "ChainEnvironmentV1",
    "ChainletEnvironmentSettings",
    "ChainletV1",
    "DeactivateChainDeploymentResponseV1",
    "DeactivateResponseV1",
    "DeploymentLabels",
    "DeploymentStatusV1",
    "DeploymentsV1",
    "DeploymentV1",
    "EnvironmentSettingsUpdate",
    "EnvironmentsV1",
    "EnvironmentV1",
    "GetLogsResponseV1",
    "InProgressPromotionStatusV1",
    "InProgressPromotionV1",
    "InstanceTypeV1",
    "LogV1",
    "PromoteToChainEnvironmentRequestV1",
    "PromoteToEnvironmentRequestV1",
    "PromotionCleanupStrategyV1",
    "PromotionSettingsOverride",
    "PromotionSettingsV1",
    "RetryDeploymentResponseV1",
    "RollingDeployConfigV1",
    "SignalPromotionResponseV1",
    "SortOrderV1",
)

_MODULES = {
    "ActivateResponseV1": ".activate_response_v1",
    "AutoscalingSettingsV1": ".autoscaling_settings_v1",
    "CancelPromotionResponseV1": ".cancel_promotion_response_v1",
    "CancelPromotionStatusV1": ".cancel_promotion_status_v1",
    "ChainDeploymentV1": ".chain_deployment_v1",
    "ChainDeploymentsV1": ".chain_deployments_v1",
    "ChainEnvironmentV1": ".chain_environment_v1",
    "ChainEnvironmentsV1": ".chain_environments_v1",
    "ChainletEnvironmentSettings": ".chainlet_environment_settings",
    "ChainletV1": ".chainlet_v1",
    "DeactivateChainDeploymentResponseV1": ".deactivate_chain_deployment_response_v1",
    "DeactivateResponseV1": ".deactivate_response_v1",
    "DeploymentLabels": ".deployment_labels",
    "DeploymentStatusV1": ".deployment_status_v1",
    "DeploymentV1": ".deployment_v1",
    "DeploymentsV1": ".deployments_v1",
    "EnvironmentSettingsUpdate": ".environment_settings_update",
    "EnvironmentV1": ".environment_v1",
    "EnvironmentsV1": ".environments_v1",
    "GetLogsResponseV1": ".get_logs_response_v1",
    "InProgressPromotionStatusV1": ".in_progress_promotion_status_v1",
    "InProgressPromotionV1": ".in_progress_promotion_v1",
    "InstanceTypeV1": ".instance_type_v1",
    "LogV1": ".log_v1",
    "PromoteToChainEnvironmentRequestV1": ".promote_to_chain_environment_request_v1",
    "PromoteToEnvironmentRequestV1": ".promote_to_environment_request_v1",
    "PromotionCleanupStrategyV1": ".promotion_cleanup_strategy_v1",
    "PromotionSettingsOverride": ".promotion_settings_override",
    "PromotionSettingsV1": ".promotion_settings_v1",
    "RetryDeploymentResponseV1": ".retry_deployment_response_v1",
    "RollingDeployConfigV1": ".rolling_deploy_config_v1",
    "SignalPromotionResponseV1": ".signal_promotion_response_v1",
    "SortOrderV1": ".sort_order_v1",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_MODULES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(globals().keys() | _MODULES.keys())
