"""One request, from operation to value. The door to this wing is `Sender`.

An `outgoing` request waits in the `queue` for its turn and a place. It gets the key, the `secret`,
when it goes over the `connections`, and comes back as a reply, which `answers` turns into a value
or an exception. `retry`, `limits` and `places` decide whether and when to send (again).
`http_clients` makes the HTTP clients, over httpcore or over the `aiohttp_transport`.
"""

from __future__ import annotations

from aiobaseten_generated.client import Operation

from .answers import WHOSE_KEY, WithText, parsed_by, then
from .connections import Connect, Connections, closed
from .http_clients import HttpClient, HttpClients, check_transport, own_clients
from .limits import LONGEST_PAUSE_S
from .operation import checked
from .secret import Secret
from .sender import Fetched, Sender, Settings, Shared, Ticket

__all__ = [
    "LONGEST_PAUSE_S",
    "WHOSE_KEY",
    "Connect",
    "Connections",
    "Fetched",
    "HttpClient",
    "HttpClients",
    "Operation",
    "Secret",
    "Sender",
    "Settings",
    "Shared",
    "Ticket",
    "WithText",
    "check_transport",
    "checked",
    "closed",
    "own_clients",
    "parsed_by",
    "then",
]
