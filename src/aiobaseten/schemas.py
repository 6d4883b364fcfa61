"""What Baseten's API takes and returns: the generated attrs classes under public names.

Unchanged: fields that the spec does not know are kept in ``additional_properties``, and an enum
value that it does not know arrives as a member that equals its string.
"""

from __future__ import annotations

from aiobaseten_generated.models.autoscaling_settings_v1 import (
    AutoscalingSettingsV1 as AutoscalingSettings,
)
from aiobaseten_generated.models.cancel_promotion_status_v1 import (
    CancelPromotionStatusV1 as CancellationStatus,
)
from aiobaseten_generated.models.chain_deployment_v1 import ChainDeploymentV1 as ChainDeployment
from aiobaseten_generated.models.chain_environment_v1 import ChainEnvironmentV1 as ChainEnvironment
from aiobaseten_generated.models.chainlet_v1 import ChainletV1 as Chainlet
from aiobaseten_generated.models.deployment_status_v1 import DeploymentStatusV1 as DeploymentStatus
from aiobaseten_generated.models.deployment_v1 import DeploymentV1 as Deployment
from aiobaseten_generated.models.environment_v1 import EnvironmentV1 as Environment
from aiobaseten_generated.models.in_progress_promotion_status_v1 import (
    InProgressPromotionStatusV1 as PromotionStatus,
)
from aiobaseten_generated.models.in_progress_promotion_v1 import (
    InProgressPromotionV1 as InProgressPromotion,
)
from aiobaseten_generated.models.log_v1 import LogV1 as Log

__all__ = [
    "AutoscalingSettings",
    "CancellationStatus",
    "ChainDeployment",
    "ChainEnvironment",
    "Chainlet",
    "Deployment",
    "DeploymentStatus",
    "Environment",
    "InProgressPromotion",
    "Log",
    "PromotionStatus",
]
