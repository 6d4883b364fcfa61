"""The check of the API key."""

from __future__ import annotations

from .._world import Refused

_SCHEMES = ("Api-Key", "Bearer")


def check_key(authorization: str, api_key: str | None, *, unknown_key: int) -> None:
    """Check an Authorization header against the key that the fake accepts; None accepts any key.

    Raises:
        Refused: There is no key (401), or it is another one (*unknown_key*: 401 or 403).
    """
    scheme, _, key = authorization.partition(" ")
    if scheme not in _SCHEMES or not key.strip():
        raise Refused(401, "UNAUTHORIZED", "Authentication credentials were not provided.")
    if api_key in (None, key.strip()):
        return
    if unknown_key == 403:
        raise Refused(403, "PERMISSION_DENIED", "Authorization error")
    raise Refused(401, "UNAUTHORIZED", "Invalid API key.")
