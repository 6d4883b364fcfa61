"""Bodies of responses, as streams."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx


class Stream(httpx.AsyncByteStream):
    """A body in chunks, which may end in an error."""

    def __init__(self, *chunks: bytes, error: Exception | None = None) -> None:
        self._chunks = chunks
        self._error = error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk
        if self._error:
            raise self._error
