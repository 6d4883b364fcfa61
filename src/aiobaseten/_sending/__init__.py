"""One request, from operation to value. The door to this wing is `Sender`.

A request waits in the `queue` for its turn and a place, goes over the `connections`, and comes back
as a reply, which `answers` turns into a value or an exception. `retry`, `limits` and `places`
decide whether and when to send (again). `secret` is the API key.
"""

from __future__ import annotations

from aiobaseten_generated.client import Operation

from .answers import parsed_by, then
from .connections import Connections, HttpClient, closed
from .limits import LONGEST_PAUSE_S
from .retry import may_have_acted
from .secret import Secret
from .sender import Fetched, Sender, Settings, Shared, Ticket

__all__ = [
    "LONGEST_PAUSE_S",
    "Connections",
    "Fetched",
    "HttpClient",
    "Operation",
    "Secret",
    "Sender",
    "Settings",
    "Shared",
    "Ticket",
    "closed",
    "may_have_acted",
    "parsed_by",
    "then",
]
