"""A Baseten to test against. Needs the extra ``aiobaseten[testing]``."""

try:
    import starlette as _starlette  # noqa: F401 - only to see whether it is there
except ImportError as error:
    raise ImportError(
        "aiobaseten.testing needs Starlette: pip install 'aiobaseten[testing]'"
    ) from error

from . import timelines
from ._client import CompressedClock
from ._deployments import Refused
from ._exchange import Recorded
from ._fake import FakeBaseten
from .behaviour import Behaviour

__all__ = ["Behaviour", "CompressedClock", "FakeBaseten", "Recorded", "Refused", "timelines"]
