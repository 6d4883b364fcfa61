"""Text of servers in characters that every consumer can encode. Pure."""

from __future__ import annotations

import re
from typing import Any, cast

# UTF-8 has no surrogates, and databases such as Postgres store no NUL. JSON can escape both.
_NOT_ENCODABLE = re.compile("[\ud800-\udfff\0]")
# Without an escape, a NUL byte (as of UTF-16) or the first byte of a surrogate, all is well.
_SIGNS = (b"\\u", b"\0", b"\xed")


def encodable_text(text: str) -> str:
    """*text* with U+FFFD in place of lone surrogates and NUL."""
    return _NOT_ENCODABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def encodable_json(content: Any, body: bytes) -> Any:
    """Decoded JSON with `encodable_text` in all its keys and values.

    Args:
        content: The JSON.
        body: What it was decoded from.
    """
    return _encodable(content) if any(sign in body for sign in _SIGNS) else content


def _encodable(content: Any) -> Any:
    if isinstance(content, str):
        return encodable_text(content)
    if isinstance(content, dict):
        fields = cast("dict[str, Any]", content)
        return {encodable_text(key): _encodable(value) for key, value in fields.items()}
    if isinstance(content, list):
        return [_encodable(value) for value in cast("list[object]", content)]
    return content
