"""Airflow operators whose waits survive the machine that they run on.

Needs the extra ``aiobaseten[airflow]``. Airflow finds this provider by itself. A worker starts the
promotion, and a triggerer waits. If the triggerer dies, another one continues from a token.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if find_spec("airflow") is None:
    raise ImportError("aiobaseten.airflow needs Airflow: pip install 'aiobaseten[airflow]'")

if TYPE_CHECKING:
    from .assets import environment_asset
    from .hook import BasetenHook
    from .links import BasetenLink
    from .operators import (
        CancelPromotionOperator,
        PromoteOperator,
        RollbackOperator,
        UpdateEnvironmentOperator,
    )
    from .provider import get_provider_info
    from .sensors import DeploymentSensor, ServingSensor
    from .triggers import DeploymentTrigger, PromotionTrigger

__all__ = [
    "BasetenHook",
    "BasetenLink",
    "CancelPromotionOperator",
    "DeploymentSensor",
    "DeploymentTrigger",
    "PromoteOperator",
    "PromotionTrigger",
    "RollbackOperator",
    "ServingSensor",
    "UpdateEnvironmentOperator",
    "environment_asset",
    "get_provider_info",
]

# Each name is imported on first use: every Airflow command asks for the provider's description, and
# most commands need nothing else.
_HOMES = {
    "BasetenHook": "hook",
    "BasetenLink": "links",
    "CancelPromotionOperator": "operators",
    "DeploymentSensor": "sensors",
    "DeploymentTrigger": "triggers",
    "PromoteOperator": "operators",
    "PromotionTrigger": "triggers",
    "RollbackOperator": "operators",
    "ServingSensor": "sensors",
    "UpdateEnvironmentOperator": "operators",
    "environment_asset": "assets",
    "get_provider_info": "provider",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
