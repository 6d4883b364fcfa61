"""A wait keeps an answer as text, and builds its result from that: as a call does, at once."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from aiobaseten import Baseten
from aiobaseten.testing import FakeBaseten

KEY = "test-key"


def with_note(note: str) -> Callable[[bytes], bytes]:
    """Put more JSON into an object."""
    return lambda body: b'{"note": ' + note.encode("utf-8", "surrogateescape") + b", " + body[1:]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(with_note("9" * 5000), id="an endless integer"),
        pytest.param(with_note('"caf\udce9"'), id="not UTF-8"),
        pytest.param(with_note(r'"\u0000 \ud83d"'), id="escapes that nobody can encode"),
        pytest.param(with_note(f'["{KEY}", {{"{KEY}": "{KEY}"}}]'), id="the key"),
        pytest.param(with_note(r'"test\u002dkey"'), id="the key, escaped"),
        pytest.param(with_note("NaN"), id="a number that is none"),
        pytest.param(with_note('1, "note": 2'), id="a field twice"),
        pytest.param(lambda body: b"\xef\xbb\xbf" + body, id="a mark of the byte order"),
        pytest.param(lambda body: body.decode().encode("utf-16"), id="UTF-16"),
        pytest.param(lambda body: json.dumps(json.loads(body), indent=2).encode(), id="spaces"),
    ],
)
async def test_the_result_of_a_wait_is_that_of_a_call(
    fake: FakeBaseten, change: Callable[[bytes], bytes]
) -> None:
    fake.model("m1").deployment("d1")
    there = fake.transport()

    async def changed(request: httpx.Request) -> httpx.Response:
        response = await there.handle_async_request(request)
        return httpx.Response(response.status_code, content=change(await response.aread()))

    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(changed)) as http,
        Baseten(api_key=KEY, http_client=http) as baseten,
    ):
        deployment = baseten.model("m1").deployment("d1")
        called, waited = await deployment.get(), await deployment.wait_until_active()

    # Equal numbers, of which NaN is none.
    assert repr(waited) == repr(called)
    assert KEY not in repr(waited)
    json.dumps(waited.to_dict(), ensure_ascii=False).encode()
