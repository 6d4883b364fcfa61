"""A promotion whose response is lost is never sent twice, over sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from aiobaseten import (
    Baseten,
    ChainEnvironmentHandle,
    ModelEnvironmentHandle,
    RetryPolicy,
)
from aiobaseten.errors import (
    BasetenError,
    PromotionOutcomeUnknownError,
    TransportError,
)
from aiobaseten.testing import (
    Behaviour,
    CompressedClock,
    FakeBaseten,
    FakeChain,
    FakeModel,
)

from .proxy import Fault, Line, Proxy
from .trouble import (
    ACTS_TOO_LATE,
    BLACK_HOLE,
    BLACK_HOLE_ACTED,
    CLOSED_ACTED,
    CLOSED_IN_BODY,
    NONE,
    NOT_HTTP,
    RESET_ACTED,
    RESET_IN_BODY,
    RESET_READ,
    RESET_UNREAD,
    canned,
)

SPEED = 600.0
HTML = b"<html>Gateway Time-out</html>"
ACTED = [
    RESET_ACTED,
    CLOSED_ACTED,
    RESET_IN_BODY,
    CLOSED_IN_BODY,
    BLACK_HOLE_ACTED,
    ACTS_TOO_LATE,
    canned("408, but acted", 408, HTML, acts=True),
    canned("500, but acted", 500, b"", acts=True),
    canned("502, but acted", 502, HTML, acts=True),
    canned("504, but acted", 504, HTML, acts=True),
    canned("HTML as success, but acted", 200, HTML, acts=True),
    canned("nothing as success, but acted", 200, b"", acts=True),
    canned("no id as success, but acted", 200, b'{"id": null}', acts=True),
]
NOT_ACTED = [
    RESET_READ,
    BLACK_HOLE,
    NOT_HTTP,
    canned("408", 408),
    canned("500", 500),
    canned("502", 502, HTML),
    canned("504", 504, HTML),
]


@pytest.fixture
async def baseten(
    connect: Callable[..., AbstractAsyncContextManager[Baseten]],
) -> AsyncIterator[Baseten]:
    """A client in compressed time that repeats what it may repeat, and does not wait for long."""
    async with connect(
        clock=CompressedClock(SPEED), retry=RetryPolicy(), read_timeout=0.2
    ) as client:
        yield client


@pytest.fixture(params=["chain", "model"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def owner_of(fake: FakeBaseten, kind: str) -> FakeChain | FakeModel:
    return fake.chain("c1") if kind == "chain" else fake.model("m1")


def handle_of(baseten: Baseten, kind: str) -> ChainEnvironmentHandle | ModelEnvironmentHandle:
    """The handle of the environment."""
    resource = baseten.chain("c1") if kind == "chain" else baseten.model("m1")
    return resource.environment("production")


@pytest.fixture
def environment(kind: str, baseten: Baseten) -> ChainEnvironmentHandle | ModelEnvironmentHandle:
    return handle_of(baseten, kind)


class Server:
    """The real state, as the fake knows it."""

    def __init__(self, fake: FakeBaseten, kind: str) -> None:
        self._fake = fake
        self._environment = owner_of(fake, kind).environment("production")

    @property
    def posts(self) -> int:
        """The number of requests to promote."""
        return sum(request.method == "POST" for request in self._fake.requests)

    @property
    def promoted(self) -> list[str]:
        """The deployments that were promoted."""
        return [promotion.candidate.id for promotion in self._environment.promotions]


@pytest.fixture
def fake() -> FakeBaseten:
    return furnished(FakeBaseten(speed=SPEED))


def furnished(fake: FakeBaseten) -> FakeBaseten:
    """A chain and a model, each with a deployment that serves, one to promote, one that hangs."""
    for resource in (fake.chain("c1"), fake.model("m1")):
        resource.deployment("d0")
        resource.deployment("d1")
        resource.deployment("d2", on_promote="BUILDING")
        resource.environment("production", current="d0", traffic_delay=30)
    return fake


@pytest.fixture
def server(fake: FakeBaseten, kind: str) -> Server:
    return Server(fake, kind)


@pytest.mark.parametrize("fault", ACTED, ids=repr)
async def test_a_promotion_that_began_is_followed_over_a_socket_although_its_response_was_lost(
    fault: Fault,
    proxy: Proxy,
    environment: ChainEnvironmentHandle | ModelEnvironmentHandle,
    server: Server,
) -> None:
    async with proxy.failing(fault, method="POST"):
        promotion = await environment.promote("d1")
    live = await promotion.wait(timeout=None)

    assert (server.posts, server.promoted) == (1, ["d1"])
    assert (promotion.deployment_id, promotion.previous_id, live.id) == ("d1", "d0", "d1")
    assert promotion.deployment is not None


@pytest.mark.parametrize("fault", NOT_ACTED, ids=repr)
async def test_a_promotion_without_a_trace_is_unknown_and_not_sent_again(
    fault: Fault,
    proxy: Proxy,
    environment: ChainEnvironmentHandle | ModelEnvironmentHandle,
    server: Server,
) -> None:
    async with proxy.failing(fault, method="POST"):
        with pytest.raises(PromotionOutcomeUnknownError) as caught:
            await environment.promote("d1")

    assert sum(line.startswith("POST") for line in proxy.seen) == 1
    assert server.promoted == []
    assert isinstance(caught.value.__cause__, BasetenError)
    assert caught.value.deployment_id == "d1"
    for reading in (caught.value.before, caught.value.after):
        assert reading.current_deployment.id == "d0"
        assert reading.candidate_deployment is None


async def test_a_reset_before_the_request_is_read_is_unknown_too(
    proxy: Proxy, environment: ChainEnvironmentHandle | ModelEnvironmentHandle, server: Server
) -> None:
    """A client cannot distinguish it from other resets."""
    proxy.plan(NONE, RESET_UNREAD)

    with pytest.raises(PromotionOutcomeUnknownError):
        await environment.promote("d1")

    assert server.posts == 0


async def test_a_promotion_of_somebody_else_is_not_taken_for_ours(
    fake: FakeBaseten,
    kind: str,
    proxy: Proxy,
    environment: ChainEnvironmentHandle | ModelEnvironmentHandle,
    server: Server,
) -> None:
    async def overtake(line: Line, _request: bytes) -> None:
        owner_of(fake, kind).environment("production").promote("d2")
        await line.reset()

    proxy.plan(NONE, Fault("overtaken", overtake))

    with pytest.raises(PromotionOutcomeUnknownError) as caught:
        await environment.promote("d1")

    assert caught.value.after.candidate_deployment.id == "d2"
    assert (server.posts, server.promoted) == (0, ["d2"])


async def test_reading_back_goes_on_when_it_fails_at_first(
    proxy: Proxy, environment: ChainEnvironmentHandle | ModelEnvironmentHandle, server: Server
) -> None:
    proxy.plan(NONE, RESET_ACTED, RESET_READ, canned("503", 503))

    promotion = await environment.promote("d1")

    assert promotion.deployment_id == "d1"
    assert (server.posts, server.promoted) == (1, ["d1"])


async def test_a_promotion_that_could_not_be_read_back_can_be_adopted_later(
    proxy: Proxy, environment: ChainEnvironmentHandle | ModelEnvironmentHandle, server: Server
) -> None:
    proxy.plan(NONE, RESET_ACTED)
    async with proxy.failing(canned("503", 503), method="GET"):
        with pytest.raises(PromotionOutcomeUnknownError) as caught:
            await environment.promote("d1")

    promotion = await environment.promote("d1", if_in_progress="adopt")

    assert caught.value.after is None
    assert promotion.deployment_id == "d1"
    assert (server.posts, server.promoted) == (1, ["d1"])


async def test_a_cancelled_call_leaves_at_most_one_promotion(
    proxy: Proxy, environment: ChainEnvironmentHandle | ModelEnvironmentHandle, server: Server
) -> None:
    async with proxy.failing(BLACK_HOLE_ACTED, method="POST"):
        call = asyncio.create_task(environment.promote("d1"))
        while not server.promoted:  # noqa: ASYNC110 - the server does not announce requests
            await asyncio.sleep(0.001)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    promotion = await environment.promote("d1", if_in_progress="adopt")

    assert promotion.deployment_id == "d1"
    assert (server.posts, server.promoted) == (1, ["d1"])


@pytest.mark.looptime
@pytest.mark.parametrize("kind", ["chain", "model"])
async def test_a_promotion_that_was_never_sent_is_not_unknown(kind: str) -> None:
    fake = furnished(FakeBaseten())
    refused = fake.faults.refuse(route="POST", times=None)

    async with fake.client() as baseten:
        with pytest.raises(TransportError) as caught:
            await handle_of(baseten, kind).promote("d1")

    assert not caught.value.sent
    assert refused.hits == RetryPolicy().attempts
    assert Server(fake, kind).promoted == []


@pytest.mark.looptime
@pytest.mark.parametrize("kind", ["chain", "model"])
@pytest.mark.parametrize(
    "behaviour",
    [one for one in Behaviour.plausible(one_at_a_time=True) if one.deployment_ids != "new"],
    ids=repr,
)
async def test_one_call_is_one_promotion_however_baseten_behaves(
    behaviour: Behaviour, kind: str
) -> None:
    fake = furnished(FakeBaseten(behaviour=behaviour))
    server = Server(fake, kind)
    fake.faults.reset(route="POST", acts=True)

    async with fake.client() as baseten:
        promotion = await handle_of(baseten, kind).promote("d1")
        live = await promotion.wait()

    assert promotion.deployment_id == live.id == "d1"
    assert (server.posts, server.promoted) == (1, ["d1"])


@pytest.mark.looptime
async def test_without_the_audit_log_a_new_deployment_is_not_guessed_to_be_ours() -> None:
    """Deployments of chains have no names that show their source."""
    fake = furnished(FakeBaseten(behaviour=Behaviour(deployment_ids="new", audit_log="forbidden")))
    server = Server(fake, "chain")
    fake.faults.reset(route="POST", acts=True)

    async with fake.client() as baseten:
        with pytest.raises(PromotionOutcomeUnknownError) as caught:
            await handle_of(baseten, "chain").promote("d1")

    assert (server.posts, server.promoted) == (1, [caught.value.after.candidate_deployment.id])
