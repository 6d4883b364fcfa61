"""A Baseten to test against. Needs the extra ``aiobaseten[testing]``."""

try:
    import starlette as _starlette  # noqa: F401 - only to see whether it is there
except ImportError as error:
    raise ImportError(
        "aiobaseten.testing needs Starlette: pip install 'aiobaseten[testing]'"
    ) from error

from . import timelines
from ._chains import FakeChain
from ._client import CompressedClock
from ._deployments import FakeDeployment, Refused
from ._environments import FakeEnvironment
from ._exchange import Recorded
from ._fake import FakeBaseten
from ._models import FakeModel
from ._promotions import FakePromotion
from .behaviour import Behaviour
from .faults import Fault, Faults, When

__all__ = [
    "Behaviour",
    "CompressedClock",
    "FakeBaseten",
    "FakeChain",
    "FakeDeployment",
    "FakeEnvironment",
    "FakeModel",
    "FakePromotion",
    "Fault",
    "Faults",
    "Recorded",
    "Refused",
    "When",
    "timelines",
]
