"""Promote Baseten chains and models from asyncio, and know when they are really live."""

from . import errors, events, schemas
from ._arguments import Duration
from ._retry import RetryPolicy
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
    "__version__",
    "errors",
    "events",
    "schemas",
]
