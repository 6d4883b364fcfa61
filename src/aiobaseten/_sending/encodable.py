"""Text of servers in characters that every consumer can encode. Pure."""

from __future__ import annotations

import re
from typing import Any, cast

# UTF-8 has no surrogates, and databases such as Postgres store no NUL. JSON can escape both.
_NOT_ENCODABLE = re.compile("[\ud800-\udfff\0]")


def encodable_text(text: str) -> str:
    """*text* with U+FFFD in place of lone surrogates and NUL."""
    return _NOT_ENCODABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def encodable_json(content: Any) -> Any:
    """Decoded JSON with `encodable_text` in all its keys and values."""
    if isinstance(content, str):
        return encodable_text(content)
    if isinstance(content, dict):
        fields = cast("dict[str, Any]", content)
        return {encodable_text(key): encodable_json(value) for key, value in fields.items()}
    if isinstance(content, list):
        return [encodable_json(value) for value in cast("list[object]", content)]
    return content
