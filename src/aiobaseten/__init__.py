"""Promote Baseten chains and models from asyncio, and know when they are really live."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import errors, events, schemas
    from ._arguments import Duration
    from ._retry import RetryPolicy
    from ._status import Stage
    from ._version import __version__
    from .chains import ChainDeploymentHandle, ChainEnvironmentHandle, ChainHandle, ChainPromotion
    from .client import Baseten
    from .models import ModelDeploymentHandle, ModelEnvironmentHandle, ModelHandle, ModelPromotion
    from .promotion import Cancellation

__all__ = [
    "Baseten",
    "Cancellation",
    "ChainDeploymentHandle",
    "ChainEnvironmentHandle",
    "ChainHandle",
    "ChainPromotion",
    "Duration",
    "ModelDeploymentHandle",
    "ModelEnvironmentHandle",
    "ModelHandle",
    "ModelPromotion",
    "RetryPolicy",
    "Stage",
    "__version__",
    "errors",
    "events",
    "schemas",
]

# Each name is imported when it is first asked for: a submodule, such as the command line's help,
# does not have to load an HTTP client because it lives in here.
_HOMES = {
    "Baseten": "client",
    "Cancellation": "promotion",
    "ChainDeploymentHandle": "chains",
    "ChainEnvironmentHandle": "chains",
    "ChainHandle": "chains",
    "ChainPromotion": "chains",
    "Duration": "_arguments",
    "ModelDeploymentHandle": "models",
    "ModelEnvironmentHandle": "models",
    "ModelHandle": "models",
    "ModelPromotion": "models",
    "RetryPolicy": "_retry",
    "Stage": "_status",
    "__version__": "_version",
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
