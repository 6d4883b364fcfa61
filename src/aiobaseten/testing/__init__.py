"""A Baseten to test against. Needs the extra ``aiobaseten[testing]``."""

from . import timelines
from ._deployments import Refused
from ._exchange import Recorded
from ._fake import FakeBaseten
from .behaviour import Behaviour

__all__ = ["Behaviour", "FakeBaseten", "Recorded", "Refused", "timelines"]
