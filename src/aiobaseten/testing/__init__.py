"""A Baseten to test against. Needs the extra ``aiobaseten[testing]``."""

from importlib.util import find_spec

if find_spec("starlette") is None:
    raise ImportError("aiobaseten.testing needs Starlette: pip install 'aiobaseten[testing]'")

from .._clock import CompressedClock
from . import scenarios, timelines
from ._chains import FakeChain
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
    "scenarios",
    "timelines",
]
