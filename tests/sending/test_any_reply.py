"""Any reply becomes a value of the right type or an error of ours.

``HYPOTHESIS_PROFILE=thorough`` in the environment takes 10,000 examples.
"""

from __future__ import annotations

import asyncio
import copy
import gzip
import json
import pickle
import traceback
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from functools import partial
from typing import Any, TypeAlias

import httpx
import looptime
import pytest
from attrs import frozen
from hypothesis import given, note, settings
from hypothesis import strategies as st

from aiobaseten import Baseten, Cancellation, ChainPromotion, ModelPromotion
from aiobaseten.errors import BasetenError
from aiobaseten.schemas import ChainDeployment, ChainEnvironment, Deployment, Environment
from aiobaseten.testing import FakeBaseten

KEY = "k3y-that-nobody-may-see"


class Stream(httpx.AsyncByteStream):
    """A body in two chunks, which may break off."""

    def __init__(self, body: bytes, trouble: type[httpx.RequestError] | None) -> None:
        self._body = body
        self._trouble = trouble

    async def __aiter__(self) -> AsyncIterator[bytes]:
        half = len(self._body) // 2
        yield self._body[:half]
        if self._trouble:
            raise self._trouble("it broke off")
        yield self._body[half:]


@frozen
class Answer:
    """A response of some other server."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    trouble: type[httpx.RequestError] | None

    def to(self, _real: httpx.Response) -> httpx.Response:
        stream = Stream(self.body, self.trouble)
        return httpx.Response(self.status, headers=self.headers, stream=stream)


@frozen
class Distortion:
    """Baseten's response with values replaced: the number of each place, and its value."""

    changes: list[tuple[int, Any]]

    def to(self, real: httpx.Response) -> httpx.Response:
        body = json.loads(real.content)
        for number, replacement in self.changes:
            places = list(_places(body))
            if places:
                where, key = places[number % len(places)]
                where[key] = replacement
        return httpx.Response(real.status_code, content=json.dumps(body))


@frozen
class Breakdown:
    """No answer."""

    error: type[httpx.RequestError]

    def to(self, _real: httpx.Response) -> httpx.Response:
        raise self.error("it broke down")


@frozen
class Nothing:
    """Baseten's response, unchanged."""

    def to(self, real: httpx.Response) -> httpx.Response:
        return real


Oddity: TypeAlias = Answer | Distortion | Breakdown | Nothing


def _places(body: Any) -> Iterable[tuple[Any, Any]]:
    """Every value in *body*, as its container and its key."""
    items = body.items() if isinstance(body, dict) else enumerate(body) if body else ()
    for key, value in list(items):
        yield body, key
        if isinstance(value, dict | list):
            yield from _places(value)


# Strategies.

STATUSES = st.integers(100, 999) | st.sampled_from([200, 200, 200, 401, 404, 429, 503])
TROUBLE = st.sampled_from(
    [httpx.ReadError, httpx.RemoteProtocolError, httpx.ReadTimeout, httpx.WriteError]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(10**300, 10**400) | st.floats()
    | st.text(max_size=9)
    | st.sampled_from(["ACTIVE", "FAILED", "CANCELED", "PAUSED", "d0", "d1", "2026-01-01", ""])
    | st.sampled_from([KEY, float("inf"), float("nan")]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["code", "error", "message", "detail", "retry_after", "id", "status"])
        | st.text(max_size=9),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip
TEXTS = (
    ANYTHING.map(json.dumps)
    | st.text(max_size=50)
    | st.builds(lambda depth: depth * "[", st.integers(1, 9999))
    | st.builds(lambda depth: depth * '{"message":', st.integers(1, 9999))
    # More digits than Python is willing to read.
    | st.just('{"retry_after": ' + 5000 * "9" + "}")
)  # fmt: skip
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1", "cp500"])
BODIES = st.binary(max_size=99) | st.builds(
    lambda text, encoding: text.encode(encoding, "replace"), TEXTS, ENCODINGS
)
COMPRESSED = st.builds(
    lambda body, compress, length: compress(body)[:length],
    BODIES,
    st.sampled_from([gzip.compress, zlib.compress, bytes]),
    st.none() | st.integers(0, 99),
)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            [b"content-type", b"retry-after", b"x-request-id", b"location", b"set-cookie"]
        ),
        st.binary(max_size=30)
        | st.just(KEY.encode())
        | st.sampled_from([b"Wed, 21 Oct 2099 07:28:00 GMT", b"-1", b"nan", b"1e400", b"0x10"]),
    )
    | st.tuples(
        st.just(b"content-encoding"),
        st.sampled_from([b"gzip", b"deflate", b"br", b"zstd", b"gzip, gzip", b"identity", b"?"]),
    ),
    max_size=4,
)
ANSWERS = st.builds(Answer, STATUSES, HEADERS, BODIES | COMPRESSED, st.none() | TROUBLE)
DISTORTIONS = st.builds(
    Distortion, st.lists(st.tuples(st.integers(0, 99), ANYTHING), min_size=1, max_size=3)
)
ODDITIES = st.lists(
    ANSWERS | DISTORTIONS | st.builds(Breakdown, TROUBLE | st.just(httpx.ConnectError))
    | st.builds(Nothing),
    min_size=1,
    max_size=6,
)  # fmt: skip


class OddServer(httpx.AsyncBaseTransport):
    """A server with one oddity for each response, and none after the last."""

    def __init__(self, fake: FakeBaseten, oddities: Iterable[Oddity]) -> None:
        self._real = fake.transport()
        self._oddities = iter(oddities)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        real = await self._real.handle_async_request(request)
        await real.aread()
        return next(self._oddities, Nothing()).to(real)


# What is called, and what may come of it.


async def promote_chain(baseten: Baseten) -> ChainPromotion:
    return await baseten.chain("c1").environment("production").promote("d1")


async def promote_model(baseten: Baseten) -> ModelPromotion:
    return await baseten.model("m1").environment("production").promote("d1")


async def wait_for_chain(baseten: Baseten) -> ChainDeployment:
    return await (await promote_chain(baseten)).wait(timeout=300)


async def wait_for_model(baseten: Baseten) -> Deployment:
    return await (await promote_model(baseten)).wait(timeout=300)


async def cancel(baseten: Baseten) -> Cancellation:
    return await baseten.model("m1").environment("busy").cancel_promotion()


async def wait_for_cancellation(baseten: Baseten) -> object:
    return await (await cancel(baseten)).wait(timeout=300)


CALLS: list[tuple[Callable[[Baseten], Awaitable[object]], type]] = [
    (lambda b: b.chain("c1").deployment("d1").get(), ChainDeployment),
    (lambda b: b.chain("c1").environment("production").get(), ChainEnvironment),
    (lambda b: b.chain("c1").list_deployments(), list),
    (lambda b: b.chain("c1").list_environments(), list),
    (lambda b: b.chain("c1").deployment("d1").deactivate(), type(None)),
    (lambda b: b.chain("c1").deployment("d1").logs("d1-Main"), list),
    (lambda b: b.chain("c1").deployment("d1").wait_until_active(timeout=300), ChainDeployment),
    (lambda b: b.model("m1").deployment("d1").get(), Deployment),
    (lambda b: b.model("m1").environment("production").get(), Environment),
    (lambda b: b.model("m1").list_deployments(), list),
    (lambda b: b.model("m1").deployment("d1").logs(), list),
    (lambda b: b.model("m1").deployment("d1").activate(), type(None)),
    (lambda b: b.model("m1").deployment("d1").retry(), Deployment),
    (lambda b: b.model("m1").deployment("d1").wait_until_active(timeout=300), Deployment),
    (lambda b: b.model("m1").environment("busy").pause_promotion(), type(None)),
    (promote_chain, ChainPromotion),
    (promote_model, ModelPromotion),
    (wait_for_chain, ChainDeployment),
    (wait_for_model, Deployment),
    (cancel, Cancellation),
    (wait_for_cancellation, object),
]


def furnished() -> FakeBaseten:
    fake = FakeBaseten(api_key=KEY)
    for resource in (fake.chain("c1"), fake.model("m1")):
        resource.deployment("d0")
        resource.deployment("d1")
        resource.environment("production", current="d0")
    model = fake.model("m1")
    model.deployment("d2")
    for resource in (fake.chain("c1"), model):
        resource.deployment("d1").log("hello")
    model.environment("busy", current="d0", rolling=True).promote("d2")
    return fake


async def outcome(
    call: Callable[[Baseten], Awaitable[object]], oddities: Iterable[Oddity]
) -> object:
    """The result of *call*: a value, or an error of ours. Any other error is raised."""
    async with (
        httpx.AsyncClient(transport=OddServer(furnished(), oddities)) as http,
        Baseten(api_key=KEY, http_client=http) as baseten,
    ):
        try:
            return await call(baseten)
        except BasetenError as error:
            return error


@pytest.mark.timeout(3600)
@settings(max_examples=max(100, settings().max_examples))
@given(call=st.sampled_from(CALLS), oddities=ODDITIES)
def test_any_reply_is_a_value_or_an_error_of_ours(
    call: tuple[Callable[[Baseten], Awaitable[object]], type], oddities: list[Oddity]
) -> None:
    make, kind = call

    with asyncio.Runner(loop_factory=partial(looptime.new_event_loop, noop_cycles=1)) as runner:
        came = runner.run(outcome(make, oddities))

    note(repr(came))
    if not isinstance(came, BasetenError):
        assert isinstance(came, kind)
        return
    assert KEY not in "".join(traceback.format_exception(came)) + repr(vars(came))
    for twin in (pickle.loads(pickle.dumps(came)), copy.copy(came), copy.deepcopy(came)):
        assert type(twin) is type(came)
        assert str(twin) == str(came)
        assert repr(vars(twin)) == repr(vars(came))
