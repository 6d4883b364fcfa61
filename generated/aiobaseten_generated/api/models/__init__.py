"""Operations. Each is imported on first use."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import (
        activate_deployment,
        activate_environment,
        cancel_promotion,
        create_environment,
        deactivate_deployment,
        deactivate_environment,
        delete_deployment,
        delete_environment,
        force_cancel_promotion,
        force_roll_forward_promotion,
        get_deployment,
        get_deployment_logs,
        get_deployment_metrics,
        get_environment,
        get_environment_logs,
        get_environment_metrics,
        get_model,
        get_model_audit_log,
        list_deployment_startups,
        list_deployments,
        list_environments,
        list_models,
        pause_promotion,
        promote_deployment,
        rename_deployment,
        resume_promotion,
        retry_deployment,
        summarize_deployment_startups,
        summarize_environment_startups,
        update_environment,
        update_request_backpressure,
        wake_deployment,
    )

__all__ = (
    "activate_deployment",
    "activate_environment",
    "cancel_promotion",
    "create_environment",
    "deactivate_deployment",
    "deactivate_environment",
    "delete_deployment",
    "delete_environment",
    "force_cancel_promotion",
    "force_roll_forward_promotion",
    "get_deployment",
    "get_deployment_logs",
    "get_deployment_metrics",
    "get_environment",
    "get_environment_logs",
    "get_environment_metrics",
    "get_model",
    "get_model_audit_log",
    "list_deployment_startups",
    "list_deployments",
    "list_environments",
    "list_models",
    "pause_promotion",
    "promote_deployment",
    "rename_deployment",
    "resume_promotion",
    "retry_deployment",
    "summarize_deployment_startups",
    "summarize_environment_startups",
    "update_environment",
    "update_request_backpressure",
    "wake_deployment",
)


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f".{name}", __name__)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
