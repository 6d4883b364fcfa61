"""A promotion whose response was lost is never sent twice: it is read back, in virtual time.

tests/faults does the same over sockets, with fewer stories.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import httpx
import pytest

from aiobaseten import Baseten
from aiobaseten._reading_back import READ_BACK_AFTER_S
from aiobaseten.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    BasetenError,
    NotFoundError,
    PermissionDeniedError,
    PromotionOutcomeUnknownError,
    RateLimitError,
    ResponseShapeError,
    ServerError,
    TransportError,
)
from aiobaseten.testing import Behaviour, FakeBaseten, timelines

from ..story import BOTH, Kind, production, promote, set_up

pytestmark = pytest.mark.looptime

#: Responses after which nobody knows whether Baseten acted: fault, its options, the error.
LOST: list[tuple[str, dict[str, Any], type[BasetenError]]] = [
    ("reset", {}, TransportError),
    ("hang", {}, TransportError),
    ("noise", {}, TransportError),
    ("status", {"status": 408}, APIError),
    ("status", {"status": 500}, ServerError),
    ("html", {"status": 502}, ServerError),
    ("html", {"status": 504}, ServerError),
    ("html", {"status": 520}, ServerError),
    ("html", {"status": 200}, ResponseShapeError),
    ("empty", {}, ResponseShapeError),
    ("garbage", {}, ResponseShapeError),
    ("garbage", {"body": b'{"id": null}'}, ResponseShapeError),
]
LOSSES = pytest.mark.parametrize(
    ("fault", "options", "cause"),
    LOST,
    ids=[" ".join([fault, *map(str, options.values())]) for fault, options, _ in LOST],
)
ROUTES = {
    "model": "GET /v1/models/owner/environments/production",
    "chain": "GET /v1/chains/owner/environments/production",
}


def lose(fake: FakeBaseten, fault: str, options: dict[str, Any], *, acts: bool) -> None:
    """Lose the response to the promotion; *acts* says whether Baseten acted."""
    getattr(fake.faults, fault)(route="POST", acts=acts, **options)


def sent(fake: FakeBaseten) -> int:
    """Requests to promote that were sent."""
    return sum(request.method == "POST" for request in fake.requests)


@BOTH
@LOSSES
async def test_a_promotion_that_began_is_followed_although_its_response_was_lost(
    fake: FakeBaseten,
    baseten: Baseten,
    kind: Kind,
    fault: str,
    options: Any,
    cause: type[BasetenError],
) -> None:
    environment = set_up(fake, kind, timelines.HEALTHY)
    lose(fake, fault, options, acts=True)

    promotion = await promote(baseten, kind)
    live = await promotion.wait()

    assert sent(fake) == len(environment.promotions) == 1
    assert (promotion.deployment_id, promotion.previous_id, live.id) == ("new", "old", "new")
    assert promotion.deployment is not None


@BOTH
@LOSSES
async def test_a_promotion_that_did_not_begin_is_unknown_and_not_sent_again(
    fake: FakeBaseten,
    baseten: Baseten,
    kind: Kind,
    fault: str,
    options: Any,
    cause: type[BasetenError],
) -> None:
    environment = set_up(fake, kind)
    lose(fake, fault, options, acts=False)

    with pytest.raises(PromotionOutcomeUnknownError) as caught:
        await promote(baseten, kind)

    assert sent(fake) == 1
    assert len(environment.promotions) == 0
    assert isinstance(caught.value.__cause__, cause)
    assert caught.value.deployment_id == "new"
    for reading in (caught.value.before, caught.value.after):
        assert reading.current_deployment.id == "old"
        assert reading.candidate_deployment is None


class WithoutId(httpx.AsyncBaseTransport):
    """Answers each request to promote with an id of no letters."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(201, json={"id": ""}, headers={"x-request-id": "r-1"})
        return await self._inner.handle_async_request(request)


@BOTH
async def test_an_answer_without_an_id_is_unknown_with_its_status_and_request_id(
    fake: FakeBaseten, kind: Kind
) -> None:
    set_up(fake, kind)
    async with (
        httpx.AsyncClient(transport=WithoutId(fake.transport())) as http,
        Baseten(api_key="test-key", http_client=http) as baseten,
    ):
        with pytest.raises(PromotionOutcomeUnknownError) as caught:
            await promote(baseten, kind)

    cause = caught.value.__cause__
    assert isinstance(cause, ResponseShapeError)
    assert (cause.status, cause.request_id) == (201, "r-1")


@BOTH
async def test_the_environment_is_read_back_four_times_within_ten_seconds(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    """A proxy may have given up before Baseten did."""
    set_up(fake, kind)
    fake.faults.reset(route="POST")

    with pytest.raises(PromotionOutcomeUnknownError):
        await promote(baseten, kind)

    read = [request for request in fake.requests if request.path.endswith("/production")]
    _before, *after = [request.at for request in read]
    assert READ_BACK_AFTER_S == (0.0, 1.0, 3.0, 6.0)
    assert after == pytest.approx([0, 1, 4, 10])


@BOTH
async def test_an_environment_that_shows_the_promotion_late_is_enough(kind: Kind) -> None:
    fake = FakeBaseten(behaviour=Behaviour(stale_for=8))
    set_up(fake, kind, timelines.HEALTHY)
    fake.faults.reset(route="POST", acts=True)
    async with fake.client() as baseten:
        promotion = await promote(baseten, kind)

    assert promotion.deployment_id == "new"
    assert fake.now == pytest.approx(10)


@BOTH
async def test_failures_to_read_back_are_ridden_out(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    set_up(fake, kind, timelines.HEALTHY)
    fake.faults.reset(route="POST", acts=True)
    fake.faults.status(503, route=ROUTES[kind], after=1)
    fake.faults.reset(route=ROUTES[kind], after=1)
    fake.faults.empty(route=ROUTES[kind], after=1)

    promotion = await promote(baseten, kind)

    assert promotion.deployment_id == "new"
    assert fake.now == pytest.approx(10)


@BOTH
async def test_an_environment_that_cannot_be_read_back_is_not_shown_in_the_error(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    set_up(fake, kind)
    fake.faults.reset(route="POST")
    fake.faults.status(503, route=ROUTES[kind], after=1, times=None)

    with pytest.raises(PromotionOutcomeUnknownError) as caught:
        await promote(baseten, kind)

    assert caught.value.after is None
    assert caught.value.before.current_deployment.id == "old"
    assert caught.value.is_transient


@BOTH
async def test_a_candidate_of_somebody_else_is_not_taken_for_ours(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    environment = set_up(fake, kind)
    resource = fake.model("owner") if kind == "model" else fake.chain("owner")
    resource.deployment("other", on_promote=timelines.HEALTHY)
    fake.faults.reset(route="POST", delay=1)
    fake.at(0.5, lambda: environment.promote("other"))

    with pytest.raises(PromotionOutcomeUnknownError) as caught:
        await promote(baseten, kind)

    assert caught.value.after.candidate_deployment.id == "other"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (422, BadRequestError),
    ],
)
async def test_a_refusal_is_raised_at_once_and_nothing_is_read_back(
    fake: FakeBaseten, baseten: Baseten, status: int, error: type[APIError]
) -> None:
    set_up(fake, "model")
    fake.faults.status(status, route="POST")

    with pytest.raises(error):
        await promote(baseten, "model")

    # Whose key was refused may be asked, too.
    requests = [request for request in fake.requests if request.path != "/v1/users/me"]
    assert [request.method for request in requests] == ["GET", "POST"]


async def test_a_refusal_that_may_mean_busy_is_raised_after_one_look(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    """Somebody else may have been faster: then the error says so."""
    set_up(fake, "model")
    fake.faults.status(400, route="POST")

    with pytest.raises(BadRequestError):
        await promote(baseten, "model")

    assert [request.method for request in fake.requests] == ["GET", "POST", "GET"]


async def test_a_connection_that_was_never_made_is_tried_again(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    environment = set_up(fake, "model")
    refused = fake.faults.refuse(route="POST", times=2)

    promotion = await promote(baseten, "model")

    assert promotion.deployment_id == "new"
    assert (refused.hits, len(environment.promotions)) == (2, 1)


@BOTH
async def test_a_promotion_is_sent_again_after_a_429_because_baseten_did_not_act(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    environment = set_up(fake, kind)
    fake.faults.rate_limited(retry_after=2, route="POST", times=2)

    await promote(baseten, kind)

    assert sent(fake) == 3
    assert len(environment.promotions) == 1


@pytest.mark.parametrize("fault", ["refuse", 429, 400, 403, 409, 408, 500, 503, "reset", "cut"])
async def test_only_a_promotion_that_certainly_did_not_begin_is_sent_again(
    fake: FakeBaseten, baseten: Baseten, fault: str | int
) -> None:
    set_up(fake, "model")
    if isinstance(fault, int):
        fake.faults.status(fault, route="POST")
    else:
        getattr(fake.faults, fault)(route="POST")

    with suppress(BasetenError):
        await promote(baseten, "model")

    assert sent(fake) == (2 if fault in ("refuse", 429) else 1)


async def test_the_outcome_is_unknown_if_the_client_is_closed_while_it_reads_back(
    fake: FakeBaseten,
) -> None:
    set_up(fake, "model")
    fake.faults.reset(route="POST")

    async with fake.client() as baseten:
        call = asyncio.create_task(promote(baseten, "model"))
        await asyncio.sleep(READ_BACK_AFTER_S[1] / 2)

    with pytest.raises(PromotionOutcomeUnknownError):
        await call


@BOTH
async def test_a_promotion_that_is_always_answered_429_ends_with_that_error(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    environment = set_up(fake, kind)
    fake.faults.rate_limited(retry_after=2, route="POST", times=None)

    with pytest.raises(RateLimitError):
        await promote(baseten, kind)

    assert sent(fake) == 4
    assert len(environment.promotions) == 0


@pytest.mark.parametrize(
    ("source", "candidate", "is_found"),
    [
        ("ranker", "ranker-1772367900", True),
        ("ranker", "ranker.1772367900123", True),
        ("ranker", "ranker-2", False),
        ("ranker", "ranker", False),
        ("ranker", "other-1772367900", False),
        ("ranker", "ranker-1772367900-x", False),
        ("ranker", None, False),
        (None, "ranker-1772367900", False),
    ],
)
async def test_a_deployment_made_from_ours_is_known_by_its_name(
    fake: FakeBaseten, baseten: Baseten, source: object, candidate: object, is_found: bool
) -> None:
    """Baseten names it after its source, and appends the time."""
    environment = set_up(fake, "model", timelines.HEALTHY, redeploy_on_promotion=True)
    environment.promote("new")
    assert environment.candidate is not None
    made = environment.candidate.id
    shown = await baseten.model("owner").environment("production").get()
    renamed = shown.to_dict()
    renamed["candidate_deployment"]["name"] = candidate
    ours = (await baseten.model("owner").deployment("new").get()).to_dict()
    fake.faults.status(200, body=renamed, route=ROUTES["model"], times=None)
    fake.faults.status(
        200,
        body={**ours, "name": source},
        route="GET /v1/models/owner/deployments/new",
        times=None,
    )

    adopting = production(baseten, "model").promote("new", if_in_progress="adopt")

    if is_found:
        assert (await adopting).deployment_id == made
    else:
        with pytest.raises(BasetenError):
            await adopting
