"""The check of the API key."""

from __future__ import annotations

from .._world import Refused

_SCHEMES = ("Api-Key", "Bearer")


def check_key(authorization: str, api_key: str | None) -> None:
    """Check an Authorization header against the key that the fake accepts; None accepts any key.

    Raises:
        Refused: There is no key, or it is another one (401).
    """
    scheme, _, key = authorization.partition(" ")
    if scheme not in _SCHEMES or not key.strip():
        raise Refused(401, "UNAUTHORIZED", "Authentication credentials were not provided.")
    if api_key not in (None, key.strip()):
        raise Refused(401, "UNAUTHORIZED", "Invalid API key.")
