"""The HTTP side of the fake: from a request to its response. It reads and changes `_world`.

Where to look, from the top down; each module imports only modules below its own line:

=======================  =========================================================================
``in_process``           The way in without sockets: an httpx transport
``sockets``              The way in through sockets: uvicorn
``application``          The Starlette application: one handler for each route
``routes``               The table of operations: method, path, body and action
``actions``              The actions of operations: read or change the state, return JSON
``metrics``              Metrics: from a request to a window, and from its requests to JSON
``startups``             Startups: from a request to a window, and from its startups to JSON
``parsed_request``       A request with its resource, environment, deployment and fields
``settings_in_body``     Settings in the body of a request, and their bounds
``json_writer``          State is written here as Baseten's JSON
``fault_injection``      A fault is applied here to a response or its connection
``admission``            The check of the API key
``rate_limits``          The documented rate limits
``replicas``             The replica that answers a read, which may lag behind
``recorded``             A recorded request, for tests to inspect
``response``             A response, and the responses for errors
=======================  =========================================================================
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from .application import HandlerContext, make_app
from .in_process import InProcessTransport
from .json_writer import JSONWriter
from .rate_limits import RateLimits
from .recorded import Recorded
from .replicas import Replicas
from .routes import OPERATIONS

if TYPE_CHECKING:
    from starlette.types import ASGIApp

__all__ = [
    "OPERATIONS",
    "HandlerContext",
    "InProcessTransport",
    "JSONWriter",
    "RateLimits",
    "Recorded",
    "Replicas",
    "make_app",
    "serve",
]


def serve(app: ASGIApp, *, host: str, port: int) -> AbstractAsyncContextManager[str]:
    """Listen in the running loop while the block runs; gives the URL.

    Raises:
        OSError: The address is taken, or is not one of this machine.
    """
    # Most tests never listen, and uvicorn takes a while to import.
    from .sockets import serve

    return serve(app, host=host, port=port)
