"""The API key: sent with each request, shown nowhere, and not taken for a part of an id."""

from __future__ import annotations

import traceback
from typing import Any, NoReturn, cast

_MASK = "[api key]"
_MASK_BYTES = _MASK.encode()
# A shorter key is a placeholder in somebody's tests, and may be part of any word.
_SHORTEST_KEY = 8
# Fields whose values identify something or are decided on. An id that holds the key by chance, as
# "my-test-key-42" does, is an id all the same.
_DECIDED = frozenset({"id", "name", "status", "environment", "action", "created", "cursor"})
_DECIDED_ENDS = ("_id", "_name", "_status", "_type", "_at")


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

    def begins_with(self, prefix: str) -> bool:
        """Whether the key begins so. Baseten shows the beginning of a key, perhaps with dots."""
        shown = prefix.rstrip(".*… ")
        return bool(shown) and self._key.startswith(shown)

    def mask(self, content: bytes) -> bytes:
        """*content* with the key replaced."""
        return content.replace(self._bytes, _MASK_BYTES) if self._is_masked else content

    def mask_text(self, text: str) -> str:
        """*text* with the key replaced."""
        return text.replace(self._key, _MASK) if self._is_masked else text

    def mask_json(self, value: Any, body: bytes) -> Any:
        """Decoded JSON with the key replaced, but for ids and values that are decided on.

        Args:
            value: The JSON.
            body: What it was decoded from.
        """
        # In JSON the key may be escaped, or in another encoding.
        may_hold = self._bytes in body or b"\\" in body or b"\0" in body
        return self._masked_json(value) if self._is_masked and may_hold else value

    def _masked_json(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.mask_text(value)
        if isinstance(value, list):
            return [self._masked_json(one) for one in cast("list[object]", value)]
        if not isinstance(value, dict):
            return value
        return {
            self.mask_text(name): one if _is_decided(name, one) else self._masked_json(one)
            for name, one in cast("dict[str, Any]", value).items()
        }

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


def _is_decided(name: str, value: object) -> bool:
    return isinstance(value, str) and (name in _DECIDED or name.endswith(_DECIDED_ENDS))


def forget_variables(error: BaseException) -> None:
    """Clear the local variables in the tracebacks of an exception and of its causes.

    Those of the HTTP client hold the request, and some trackers of errors send all of them along.
    """
    seen: set[int] = set()
    rest: list[BaseException | None] = [error]
    while rest:
        one = rest.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            traceback.clear_frames(one.__traceback__)
            rest += [one.__cause__, one.__context__]
