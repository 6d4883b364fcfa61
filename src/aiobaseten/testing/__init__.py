"""A fake Baseten to test against. Needs the extra ``aiobaseten[testing]``."""

from importlib.util import find_spec

if find_spec("starlette") is None:
    raise ImportError("aiobaseten.testing needs Starlette: pip install 'aiobaseten[testing]'")

from .._clock import CompressedClock
from . import scenarios, timelines
from ._fake import FakeBaseten
from ._http import Recorded
from ._world import FakeChain, FakeDeployment, FakeEnvironment, FakeModel, FakePromotion, Refused
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
