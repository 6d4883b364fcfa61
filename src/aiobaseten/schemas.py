"""The public schemas: what Baseten's API takes and returns, as generated attrs classes.

Fields that the spec does not know are kept in ``additional_properties``, and an enum value that it
does not know becomes a member that equals its string. A value that does not fit the spec is kept
unchanged, and a missing field is ``UNSET``, which is false; either is logged once. Only fields on
which waits and verbs decide must fit: an answer in which one does not is a `ResponseShapeError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._first_use import names_of

if TYPE_CHECKING:
    from aiobaseten_generated.models.audit_log_actor import AuditLogActor
    from aiobaseten_generated.models.audit_log_entry import AuditLogEntry
    from aiobaseten_generated.models.autoscaling_settings import AutoscalingSettings
    from aiobaseten_generated.models.cancellation_status import CancellationStatus
    from aiobaseten_generated.models.chain import Chain
    from aiobaseten_generated.models.chain_deployment import ChainDeployment
    from aiobaseten_generated.models.chain_environment import ChainEnvironment
    from aiobaseten_generated.models.chainlet import Chainlet
    from aiobaseten_generated.models.deployment import Deployment
    from aiobaseten_generated.models.deployment_status import DeploymentStatus
    from aiobaseten_generated.models.environment import Environment
    from aiobaseten_generated.models.in_progress_promotion import InProgressPromotion
    from aiobaseten_generated.models.log import Log
    from aiobaseten_generated.models.model import Model
    from aiobaseten_generated.models.promotion_status import PromotionStatus
    from aiobaseten_generated.models.user import User

__all__ = [
    "AuditLogActor",
    "AuditLogEntry",
    "AutoscalingSettings",
    "CancellationStatus",
    "Chain",
    "ChainDeployment",
    "ChainEnvironment",
    "Chainlet",
    "Deployment",
    "DeploymentStatus",
    "Environment",
    "InProgressPromotion",
    "Log",
    "Model",
    "PromotionStatus",
    "User",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = names_of(__name__, dict.fromkeys(__all__, "aiobaseten_generated.models"))
