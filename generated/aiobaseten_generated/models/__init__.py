"""All models. Each is imported on first use."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .activate_response import ActivateResponse
    from .audit_log_actor import AuditLogActor
    from .audit_log_actor_type import AuditLogActorType
    from .audit_log_entry import AuditLogEntry
    from .audit_log_event_data import AuditLogEventData
    from .audit_log_event_type import AuditLogEventType
    from .audit_log_event_type_group import AuditLogEventTypeGroup
    from .audit_log_sort_direction import AuditLogSortDirection
    from .audit_log_source import AuditLogSource
    from .autoscaling_settings import AutoscalingSettings
    from .cancel_promotion_response import CancelPromotionResponse
    from .cancellation_status import CancellationStatus
    from .chain import Chain
    from .chain_deployment import ChainDeployment
    from .chain_deployment_tombstone import ChainDeploymentTombstone
    from .chain_deployments import ChainDeployments
    from .chain_environment import ChainEnvironment
    from .chain_environments import ChainEnvironments
    from .chainlet import Chainlet
    from .chainlet_environment_autoscaling_settings_update import (
        ChainletEnvironmentAutoscalingSettingsUpdate,
    )
    from .chainlet_environment_instance_type_update import ChainletEnvironmentInstanceTypeUpdate
    from .chainlet_environment_settings import ChainletEnvironmentSettings
    from .chainlet_environment_settings_request import ChainletEnvironmentSettingsRequest
    from .chains import Chains
    from .create_chain_environment_request import CreateChainEnvironmentRequest
    from .create_environment_request import CreateEnvironmentRequest
    from .deactivate_response import DeactivateResponse
    from .deployment import Deployment
    from .deployment_labels import DeploymentLabels
    from .deployment_status import DeploymentStatus
    from .deployment_tombstone import DeploymentTombstone
    from .deployments import Deployments
    from .environment import Environment
    from .environment_settings_update import EnvironmentSettingsUpdate
    from .environment_tombstone import EnvironmentTombstone
    from .environments import Environments
    from .get_logs_response import GetLogsResponse
    from .get_model_metrics_response import GetModelMetricsResponse
    from .in_progress_promotion import InProgressPromotion
    from .instance_type import InstanceType
    from .list_audit_logs_response import ListAuditLogsResponse
    from .log import Log
    from .log_level import LogLevel
    from .metric_labels import MetricLabels
    from .model import Model
    from .model_metric_descriptor import ModelMetricDescriptor
    from .model_metric_kind import ModelMetricKind
    from .model_metric_mode import ModelMetricMode
    from .model_metric_unit_hint import ModelMetricUnitHint
    from .model_metric_value_set import ModelMetricValueSet
    from .models import Models
    from .pagination_response import PaginationResponse
    from .promote_to_chain_environment_request import PromoteToChainEnvironmentRequest
    from .promote_to_environment_request import PromoteToEnvironmentRequest
    from .promotion_cleanup_strategy import PromotionCleanupStrategy
    from .promotion_settings import PromotionSettings
    from .promotion_settings_override import PromotionSettingsOverride
    from .promotion_status import PromotionStatus
    from .region import Region
    from .request_backpressure_policy import RequestBackpressurePolicy
    from .request_backpressure_settings import RequestBackpressureSettings
    from .retry_deployment_response import RetryDeploymentResponse
    from .rolling_deploy_config import RollingDeployConfig
    from .rolling_deploy_strategy import RollingDeployStrategy
    from .signal_promotion_response import SignalPromotionResponse
    from .sort_order import SortOrder
    from .startup_attempt import StartupAttempt
    from .startup_attempts import StartupAttempts
    from .startup_outcome import StartupOutcome
    from .startup_pagination import StartupPagination
    from .startup_percentiles import StartupPercentiles
    from .startup_phase import StartupPhase
    from .startup_phase_percentiles import StartupPhasePercentiles
    from .startup_phase_status import StartupPhaseStatus
    from .startup_phase_summary import StartupPhaseSummary
    from .startup_sort_field import StartupSortField
    from .startup_sort_order import StartupSortOrder
    from .startup_summary import StartupSummary
    from .update_autoscaling_settings import UpdateAutoscalingSettings
    from .update_autoscaling_settings_response import UpdateAutoscalingSettingsResponse
    from .update_autoscaling_settings_status import UpdateAutoscalingSettingsStatus
    from .update_chain_environment_request import UpdateChainEnvironmentRequest
    from .update_chain_environment_response import UpdateChainEnvironmentResponse
    from .update_chainlet_environment_autoscaling_settings_request import (
        UpdateChainletEnvironmentAutoscalingSettingsRequest,
    )
    from .update_chainlet_environment_instance_type_request import (
        UpdateChainletEnvironmentInstanceTypeRequest,
    )
    from .update_chainlet_environment_instance_type_response import (
        UpdateChainletEnvironmentInstanceTypeResponse,
    )
    from .update_deployment_request import UpdateDeploymentRequest
    from .update_environment_request import UpdateEnvironmentRequest
    from .update_environment_response import UpdateEnvironmentResponse
    from .update_promotion_settings import UpdatePromotionSettings
    from .update_request_backpressure_settings import UpdateRequestBackpressureSettings
    from .update_rolling_deploy_config import UpdateRollingDeployConfig
    from .user import User

__all__ = (
    "ActivateResponse",
    "AuditLogActor",
    "AuditLogActorType",
    "AuditLogEntry",
    "AuditLogEventData",
    "AuditLogEventType",
    "AuditLogEventTypeGroup",
    "AuditLogSortDirection",
    "AuditLogSource",
    "AutoscalingSettings",
    "CancellationStatus",
    "CancelPromotionResponse",
    "Chain",
    "ChainDeployment",
    "ChainDeployments",
    "ChainDeploymentTombstone",
    "ChainEnvironment",
    "ChainEnvironments",
    "Chainlet",
    "ChainletEnvironmentAutoscalingSettingsUpdate",
    "ChainletEnvironmentInstanceTypeUpdate",
    "ChainletEnvironmentSettings",
    "ChainletEnvironmentSettingsRequest",
    "Chains",
    "CreateChainEnvironmentRequest",
    "CreateEnvironmentRequest",
    "DeactivateResponse",
    "Deployment",
    "DeploymentLabels",
    "Deployments",
    "DeploymentStatus",
    "DeploymentTombstone",
    "Environment",
    "Environments",
    "EnvironmentSettingsUpdate",
    "EnvironmentTombstone",
    "GetLogsResponse",
    "GetModelMetricsResponse",
    "InProgressPromotion",
    "InstanceType",
    "ListAuditLogsResponse",
    "Log",
    "LogLevel",
    "MetricLabels",
    "Model",
    "ModelMetricDescriptor",
    "ModelMetricKind",
    "ModelMetricMode",
    "ModelMetricUnitHint",
    "ModelMetricValueSet",
    "Models",
    "PaginationResponse",
    "PromoteToChainEnvironmentRequest",
    "PromoteToEnvironmentRequest",
    "PromotionCleanupStrategy",
    "PromotionSettings",
    "PromotionSettingsOverride",
    "PromotionStatus",
    "Region",
    "RequestBackpressurePolicy",
    "RequestBackpressureSettings",
    "RetryDeploymentResponse",
    "RollingDeployConfig",
    "RollingDeployStrategy",
    "SignalPromotionResponse",
    "SortOrder",
    "StartupAttempt",
    "StartupAttempts",
    "StartupOutcome",
    "StartupPagination",
    "StartupPercentiles",
    "StartupPhase",
    "StartupPhasePercentiles",
    "StartupPhaseStatus",
    "StartupPhaseSummary",
    "StartupSortField",
    "StartupSortOrder",
    "StartupSummary",
    "UpdateAutoscalingSettings",
    "UpdateAutoscalingSettingsResponse",
    "UpdateAutoscalingSettingsStatus",
    "UpdateChainEnvironmentRequest",
    "UpdateChainEnvironmentResponse",
    "UpdateChainletEnvironmentAutoscalingSettingsRequest",
    "UpdateChainletEnvironmentInstanceTypeRequest",
    "UpdateChainletEnvironmentInstanceTypeResponse",
    "UpdateDeploymentRequest",
    "UpdateEnvironmentRequest",
    "UpdateEnvironmentResponse",
    "UpdatePromotionSettings",
    "UpdateRequestBackpressureSettings",
    "UpdateRollingDeployConfig",
    "User",
)

_MODULES = {
    "ActivateResponse": ".activate_response",
    "AuditLogActor": ".audit_log_actor",
    "AuditLogActorType": ".audit_log_actor_type",
    "AuditLogEntry": ".audit_log_entry",
    "AuditLogEventData": ".audit_log_event_data",
    "AuditLogEventType": ".audit_log_event_type",
    "AuditLogEventTypeGroup": ".audit_log_event_type_group",
    "AuditLogSortDirection": ".audit_log_sort_direction",
    "AuditLogSource": ".audit_log_source",
    "AutoscalingSettings": ".autoscaling_settings",
    "CancelPromotionResponse": ".cancel_promotion_response",
    "CancellationStatus": ".cancellation_status",
    "Chain": ".chain",
    "ChainDeployment": ".chain_deployment",
    "ChainDeploymentTombstone": ".chain_deployment_tombstone",
    "ChainDeployments": ".chain_deployments",
    "ChainEnvironment": ".chain_environment",
    "ChainEnvironments": ".chain_environments",
    "Chainlet": ".chainlet",
    "ChainletEnvironmentAutoscalingSettingsUpdate": ".chainlet_environment_autoscaling_settings_update",
    "ChainletEnvironmentInstanceTypeUpdate": ".chainlet_environment_instance_type_update",
    "ChainletEnvironmentSettings": ".chainlet_environment_settings",
    "ChainletEnvironmentSettingsRequest": ".chainlet_environment_settings_request",
    "Chains": ".chains",
    "CreateChainEnvironmentRequest": ".create_chain_environment_request",
    "CreateEnvironmentRequest": ".create_environment_request",
    "DeactivateResponse": ".deactivate_response",
    "Deployment": ".deployment",
    "DeploymentLabels": ".deployment_labels",
    "DeploymentStatus": ".deployment_status",
    "DeploymentTombstone": ".deployment_tombstone",
    "Deployments": ".deployments",
    "Environment": ".environment",
    "EnvironmentSettingsUpdate": ".environment_settings_update",
    "EnvironmentTombstone": ".environment_tombstone",
    "Environments": ".environments",
    "GetLogsResponse": ".get_logs_response",
    "GetModelMetricsResponse": ".get_model_metrics_response",
    "InProgressPromotion": ".in_progress_promotion",
    "InstanceType": ".instance_type",
    "ListAuditLogsResponse": ".list_audit_logs_response",
    "Log": ".log",
    "LogLevel": ".log_level",
    "MetricLabels": ".metric_labels",
    "Model": ".model",
    "ModelMetricDescriptor": ".model_metric_descriptor",
    "ModelMetricKind": ".model_metric_kind",
    "ModelMetricMode": ".model_metric_mode",
    "ModelMetricUnitHint": ".model_metric_unit_hint",
    "ModelMetricValueSet": ".model_metric_value_set",
    "Models": ".models",
    "PaginationResponse": ".pagination_response",
    "PromoteToChainEnvironmentRequest": ".promote_to_chain_environment_request",
    "PromoteToEnvironmentRequest": ".promote_to_environment_request",
    "PromotionCleanupStrategy": ".promotion_cleanup_strategy",
    "PromotionSettings": ".promotion_settings",
    "PromotionSettingsOverride": ".promotion_settings_override",
    "PromotionStatus": ".promotion_status",
    "Region": ".region",
    "RequestBackpressurePolicy": ".request_backpressure_policy",
    "RequestBackpressureSettings": ".request_backpressure_settings",
    "RetryDeploymentResponse": ".retry_deployment_response",
    "RollingDeployConfig": ".rolling_deploy_config",
    "RollingDeployStrategy": ".rolling_deploy_strategy",
    "SignalPromotionResponse": ".signal_promotion_response",
    "SortOrder": ".sort_order",
    "StartupAttempt": ".startup_attempt",
    "StartupAttempts": ".startup_attempts",
    "StartupOutcome": ".startup_outcome",
    "StartupPagination": ".startup_pagination",
    "StartupPercentiles": ".startup_percentiles",
    "StartupPhase": ".startup_phase",
    "StartupPhasePercentiles": ".startup_phase_percentiles",
    "StartupPhaseStatus": ".startup_phase_status",
    "StartupPhaseSummary": ".startup_phase_summary",
    "StartupSortField": ".startup_sort_field",
    "StartupSortOrder": ".startup_sort_order",
    "StartupSummary": ".startup_summary",
    "UpdateAutoscalingSettings": ".update_autoscaling_settings",
    "UpdateAutoscalingSettingsResponse": ".update_autoscaling_settings_response",
    "UpdateAutoscalingSettingsStatus": ".update_autoscaling_settings_status",
    "UpdateChainEnvironmentRequest": ".update_chain_environment_request",
    "UpdateChainEnvironmentResponse": ".update_chain_environment_response",
    "UpdateChainletEnvironmentAutoscalingSettingsRequest": ".update_chainlet_environment_autoscaling_settings_request",
    "UpdateChainletEnvironmentInstanceTypeRequest": ".update_chainlet_environment_instance_type_request",
    "UpdateChainletEnvironmentInstanceTypeResponse": ".update_chainlet_environment_instance_type_response",
    "UpdateDeploymentRequest": ".update_deployment_request",
    "UpdateEnvironmentRequest": ".update_environment_request",
    "UpdateEnvironmentResponse": ".update_environment_response",
    "UpdatePromotionSettings": ".update_promotion_settings",
    "UpdateRequestBackpressureSettings": ".update_request_backpressure_settings",
    "UpdateRollingDeployConfig": ".update_rolling_deploy_config",
    "User": ".user",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_MODULES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(globals().keys() | _MODULES.keys())
