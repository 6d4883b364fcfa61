"""Promote Baseten chains and models from asyncio, and know when they are really live."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import (
        audit,
        errors,
        events,
        guard,
        logs,
        metrics,
        options,
        plans,
        readings,
        schemas,
        settings,
    )
    from ._sending import Operation
    from ._status import Phase, PromotionPhase, Stage
    from ._token import Token
    from ._version import __version__
    from .chains import ChainDeploymentHandle, ChainEnvironmentHandle, ChainHandle, ChainPromotion
    from .client import Baseten
    from .guard import Guard, GuardReport, Verdict, check, error_rate, latency
    from .models import ModelDeploymentHandle, ModelEnvironmentHandle, ModelHandle, ModelPromotion
    from .options import (
        AuthScheme,
        Clock,
        Duration,
        IfInProgress,
        OnPaused,
        RetryPolicy,
        Schedule,
        WaitOptions,
    )
    from .promotion import Cancellation
    from .readings import DeploymentReading, EnvironmentReading, PromotionReading

__all__ = [
    "AuthScheme",
    "Baseten",
    "Cancellation",
    "ChainDeploymentHandle",
    "ChainEnvironmentHandle",
    "ChainHandle",
    "ChainPromotion",
    "Clock",
    "DeploymentReading",
    "Duration",
    "EnvironmentReading",
    "Guard",
    "GuardReport",
    "IfInProgress",
    "ModelDeploymentHandle",
    "ModelEnvironmentHandle",
    "ModelHandle",
    "ModelPromotion",
    "OnPaused",
    "Operation",
    "Phase",
    "PromotionPhase",
    "PromotionReading",
    "RetryPolicy",
    "Schedule",
    "Stage",
    "Token",
    "Verdict",
    "WaitOptions",
    "__version__",
    "audit",
    "check",
    "error_rate",
    "errors",
    "events",
    "guard",
    "latency",
    "logs",
    "metrics",
    "options",
    "plans",
    "readings",
    "schemas",
    "settings",
]

# Each name is imported on first use: a submodule, such as the help of the command line, need not
# load an HTTP client because it lives in here.
_HOMES = {
    "AuthScheme": "options",
    "Baseten": "client",
    "Cancellation": "promotion",
    "ChainDeploymentHandle": "chains",
    "ChainEnvironmentHandle": "chains",
    "ChainHandle": "chains",
    "ChainPromotion": "chains",
    "Clock": "options",
    "DeploymentReading": "readings",
    "Duration": "options",
    "EnvironmentReading": "readings",
    "Guard": "guard",
    "GuardReport": "guard",
    "IfInProgress": "options",
    "ModelDeploymentHandle": "models",
    "ModelEnvironmentHandle": "models",
    "ModelHandle": "models",
    "ModelPromotion": "models",
    "OnPaused": "options",
    "Operation": "_sending",
    "Phase": "_status",
    "PromotionPhase": "_status",
    "PromotionReading": "readings",
    "RetryPolicy": "options",
    "Schedule": "options",
    "Stage": "_status",
    "Token": "_token",
    "Verdict": "guard",
    "WaitOptions": "options",
    "__version__": "_version",
    "check": "guard",
    "error_rate": "guard",
    "latency": "guard",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
        globals()[name] = value
        return value
    if name in __all__:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
