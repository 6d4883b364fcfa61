"""The API key: sent with each request, shown nowhere."""

from __future__ import annotations

from typing import Any, NoReturn

_MASK = "[api key]"
_MASK_BYTES = _MASK.encode()
# A shorter key is a placeholder in somebody's tests, and may be part of any word.
_SHORTEST_KEY = 8


class Secret:
    """The key, and the masking of it in text that a server or a proxy sends back.

    No repr shows it, and it cannot be pickled.
    """

    __slots__ = ("_bytes", "_is_masked", "_key", "_scheme")

    def __init__(self, scheme: str, key: str) -> None:
        self._scheme = scheme
        self._key = key
        self._bytes = key.encode()
        self._is_masked = len(key) >= _SHORTEST_KEY

    def authorization(self) -> str:
        """The value of the Authorization header."""
        return f"{self._scheme} {self._key}"

    def mask(self, content: bytes) -> bytes:
        """*content* with the key replaced."""
        return content.replace(self._bytes, _MASK_BYTES) if self._is_masked else content

    def mask_text(self, text: str) -> str:
        """*text* with the key replaced."""
        return text.replace(self._key, _MASK) if self._is_masked else text

    def mask_error(self, error: BaseException | None) -> None:
        """Replace the key in the arguments and attributes of an exception and of its causes.

        Some HTTP libraries keep the headers of the request in their exceptions.
        """
        seen: set[int] = set()  # "raise error from error" makes it its own cause
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            error.args = tuple(map(self._masked, error.args))
            shown = {name: value for name, value in vars(error).items() if self._is_in(value)}
            for name, value in shown.items():
                vars(error)[name] = self._masked(value)
            error = error.__cause__ or error.__context__

    def _is_in(self, value: object) -> bool:
        return self._is_masked and self._key in repr(value)

    def _masked(self, value: Any) -> Any:
        """*value*, or as much of it as does not show the key."""
        if not self._is_in(value):
            return value
        if isinstance(value, str):
            return self.mask_text(value)
        if hasattr(value, "_fields"):  # a named tuple
            return type(value)(*map(self._masked, value))
        return self.mask_text(repr(value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("the API key cannot be pickled")
