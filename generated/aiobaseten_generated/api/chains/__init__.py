"""Operations. Each is imported on first use."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import (
        create_chain_environment,
        deactivate_chain_deployment,
        delete_chain_deployment,
        get_chain,
        get_chain_audit_log,
        get_chain_deployment,
        get_chain_environment,
        get_chainlet_logs,
        list_chain_deployments,
        list_chain_environments,
        list_chains,
        promote_chain_deployment,
        update_chain_environment,
        update_chainlet_autoscaling,
        update_chainlet_instance_types,
    )

__all__ = (
    "create_chain_environment",
    "deactivate_chain_deployment",
    "delete_chain_deployment",
    "get_chain",
    "get_chain_audit_log",
    "get_chain_deployment",
    "get_chain_environment",
    "get_chainlet_logs",
    "list_chain_deployments",
    "list_chain_environments",
    "list_chains",
    "promote_chain_deployment",
    "update_chain_environment",
    "update_chainlet_autoscaling",
    "update_chainlet_instance_types",
)


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f".{name}", __name__)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
