"""The API key, which is sent with each request and shown nowhere."""

from __future__ import annotations

from typing import NoReturn

_BLOT = "[api key]"
_BLOT_BYTES = _BLOT.encode()
# A shorter key is no secret but a stand-in in somebody's tests, and may be part of any word.
_LEAST_LENGTH = 8


class Secret:
    """The key, and what takes it out of what a server or a proxy has said back.

    No repr shows it, and it does not pickle.
    """

    __slots__ = ("_bytes", "_is_worth_it", "_key", "_scheme")

    def __init__(self, scheme: str, key: str) -> None:
        self._scheme = scheme
        self._key = key
        self._bytes = key.encode()
        self._is_worth_it = len(key) >= _LEAST_LENGTH

    def authorization(self) -> str:
        """The value of the Authorization header."""
        return f"{self._scheme} {self._key}"

    def blot(self, said: bytes) -> bytes:
        """Bytes as they are, but for the key."""
        return said.replace(self._bytes, _BLOT_BYTES) if self._is_worth_it else said

    def blot_text(self, said: str) -> str:
        """Text as it is, but for the key."""
        return said.replace(self._key, _BLOT) if self._is_worth_it else said

    def blot_error(self, error: BaseException | None) -> None:
        """Take the key out of what an exception, and those behind it, say."""
        seen: set[int] = set()  # "raise error from error" makes it its own cause
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            error.args = tuple(
                self.blot_text(said) if isinstance(said, str) else said for said in error.args
            )
            error = error.__cause__ or error.__context__

    def __reduce__(self) -> NoReturn:
        raise TypeError("the API key does not pickle")
