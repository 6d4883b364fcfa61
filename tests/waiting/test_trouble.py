"""Failed looks: those that are ridden out, and those that end a wait."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from aiobaseten import Baseten
from aiobaseten.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    BasetenError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RequestTimeoutError,
    ResponseShapeError,
    ServerError,
    TransportError,
    WaitTimeoutError,
)
from aiobaseten.events import LookFailed
from aiobaseten.testing import FakeBaseten, timelines

from ..story import BOTH, ONE_LOOK, TWO_LOOKS, Kind, deployment, listen, promote, set_up

pytestmark = pytest.mark.looptime

LOOKS = "GET /v1/models/owner/environments/production"
PASSING: list[tuple[str, dict[str, Any], type[BasetenError]]] = [
    ("status", {"status": 408}, APIError),
    ("rate_limited", {"retry_after": 3}, RateLimitError),
    ("status", {"status": 500}, ServerError),
    ("html", {"status": 502}, ServerError),
    ("status", {"status": 503}, ServerError),
    ("empty", {"status": 504}, ServerError),
    ("html", {"status": 529}, ServerError),
    ("html", {"status": 200}, ResponseShapeError),
    ("empty", {}, ResponseShapeError),
    ("garbage", {}, ResponseShapeError),
    ("garbage", {"body": b'{"status": "ACTIVE"}'}, ResponseShapeError),
    ("garbage", {"body": b"null"}, ResponseShapeError),
    ("reset", {}, TransportError),
    ("refuse", {}, TransportError),
    ("cut", {}, TransportError),
    ("noise", {}, TransportError),
    ("hang", {}, RequestTimeoutError),
]
TROUBLE = pytest.mark.parametrize(
    ("fault", "options", "error"),
    PASSING,
    ids=[" ".join([fault, *map(str, options.values())]) for fault, options, _ in PASSING],
)


def damage(fake: FakeBaseten, fault: str, **options: Any) -> None:
    getattr(fake.faults, fault)(route=LOOKS, **options)


@TROUBLE
async def test_a_temporary_failure_is_reported_and_ridden_out(
    fake: FakeBaseten, baseten: Baseten, fault: str, options: Any, error: type[BasetenError]
) -> None:
    set_up(fake, "model", [("DEPLOYING", 200), "ACTIVE"])
    promotion = await promote(baseten, "model")
    damage(fake, fault, times=4, **options)

    heard = await listen(promotion.events())

    assert heard.result.status == "ACTIVE"
    assert [type(event.error) for event in heard.of(LookFailed)] == [error] * 4
    assert heard.at >= 200


@TROUBLE
async def test_a_lasting_failure_is_the_cause_of_the_timeout(
    fake: FakeBaseten, baseten: Baseten, fault: str, options: Any, error: type[BasetenError]
) -> None:
    set_up(fake, "model")
    promotion = await promote(baseten, "model")
    damage(fake, fault, times=None, **options)

    if error is ResponseShapeError:  # no look has ever fitted
        with pytest.raises(ResponseShapeError):
            await promotion.wait(timeout=300)
        assert 30 <= fake.now <= 60
        return
    with pytest.raises(WaitTimeoutError) as caught:
        await promotion.wait(timeout=300)

    assert 300 <= fake.now <= 310
    assert type(caught.value.__cause__) is error
    assert caught.value.evidence
    assert caught.value.evidence.trouble is caught.value.__cause__


@pytest.mark.parametrize(
    ("before", "fault", "options"),
    [
        (500, "html", {"status": 200}),
        (500, "status", {"status": 404}),
        (404, "html", {"status": 200}),
    ],
    ids=["unreadable after 500", "not found after 500", "unreadable after not found"],
)
async def test_one_odd_response_after_other_failures_ends_nothing(
    fake: FakeBaseten, baseten: Baseten, before: int, fault: str, options: dict[str, Any]
) -> None:
    """Although no look has succeeded within the time in which Baseten may not know it yet."""
    set_up(fake, "model")
    promotion = await promote(baseten, "model")
    fake.faults.status(before, route=LOOKS, lasting=29 if before == 404 else 60)
    damage(fake, fault, **options)

    await promotion.wait(timeout=300)

    assert fake.now > 29


async def test_a_failure_that_was_over_is_not_the_cause_of_the_timeout(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model", "DEPLOYING")
    promotion = await promote(baseten, "model")
    fake.faults.status(503, route=LOOKS, times=3)

    with pytest.raises(WaitTimeoutError) as caught:
        await promotion.wait(timeout=300)

    assert caught.value.__cause__ is None
    assert caught.value.evidence
    assert isinstance(caught.value.evidence.trouble, ServerError)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, BadRequestError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (422, BadRequestError),
    ],
)
@pytest.mark.parametrize("at", [0, 60])
async def test_a_refusal_of_the_caller_ends_the_wait_at_once(
    fake: FakeBaseten, baseten: Baseten, status: int, error: type[APIError], at: float
) -> None:
    set_up(fake, "model", [("DEPLOYING", 200), "ACTIVE"])
    promotion = await promote(baseten, "model")
    fake.at(at, lambda: fake.faults.status(status, route=LOOKS))

    heard = await listen(promotion.events())

    assert type(heard.error) is error
    assert heard.at <= at + ONE_LOOK
    assert heard.error.evidence is not None
    assert heard.error.evidence.token == promotion.token
    assert bool(heard.error.evidence.history) is (at > 0)


async def test_looks_pause_for_as_long_as_the_server_asks(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model", [("DEPLOYING", 10), "ACTIVE"])
    promotion = await promote(baseten, "model")
    fake.faults.rate_limited(retry_after=37, route=LOOKS)

    heard = await listen(promotion.events())

    (failed,) = heard.of(LookFailed)
    assert 37 <= failed.next_look < 38
    assert 37 <= heard.at < 38


async def test_looks_pause_for_a_minute_at_most(fake: FakeBaseten, baseten: Baseten) -> None:
    """A server that counts in milliseconds would stop every wait of the client."""
    set_up(fake, "model", [("DEPLOYING", 10), "ACTIVE"])
    promotion = await promote(baseten, "model")
    fake.faults.rate_limited(retry_after=37_000, route=LOOKS)

    await promotion.wait()

    assert 60 <= fake.now < 62


async def test_the_last_look_is_sent_in_spite_of_a_pause(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model", [("DEPLOYING", 10), "ACTIVE"])
    promotion = await promote(baseten, "model")
    fake.faults.rate_limited(retry_after=60, route=LOOKS)

    live = await promotion.wait(timeout=30)

    assert live.status == "ACTIVE"
    assert fake.now == pytest.approx(30, abs=0.1)


async def test_a_failed_first_look_is_repeated_within_two_seconds(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    fake.model("owner").deployment("d1")

    for _ in range(20):  # chance decides how much sooner
        fake.faults.status(503, route="GET /v1/models/owner/deployments/d1")
        heard = await listen(deployment(baseten, "model", "d1").events())
        (failed,) = heard.of(LookFailed)
        assert 1 <= failed.next_look <= 2


async def test_failed_looks_become_rarer_and_the_deadline_holds(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    """Baseten's own tool never checks its deadline while looks fail."""
    set_up(fake, "model")
    promotion = await promote(baseten, "model")
    fake.faults.status(503, times=None)
    before = len(fake.requests)

    with pytest.raises(WaitTimeoutError):
        await promotion.wait(timeout=3600)

    assert fake.now == 3600
    assert len(fake.requests) - before < 200


async def test_a_minute_of_503_gets_few_looks(fake: FakeBaseten, baseten: Baseten) -> None:
    """After 2, 4, 8, 16 and 30 seconds at most, and after half of that at least."""
    set_up(fake, "model")
    promotion = await promote(baseten, "model")
    outage = fake.faults.status(503, lasting=60)

    await promotion.wait()

    assert 5 <= outage.hits <= 7


async def test_a_minute_of_429_gets_looks_at_the_pace_that_it_asks_for(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model")
    promotion = await promote(baseten, "model")
    before = len(fake.requests)
    limited = fake.faults.rate_limited(retry_after=20, lasting=60)

    await promotion.wait()

    asked = fake.requests[before:]
    looks = [request.at for request in asked if "/audit_logs" not in request.path]
    assert limited.hits == 3
    assert all(later - at >= 20 for at, later in pairwise(looks))


@BOTH
async def test_a_new_deployment_that_is_not_found_yet_is_waited_for(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    timeline: timelines.Steps = [("BUILDING", 60), "ACTIVE"]
    if kind == "model":
        fake.model("owner").deployment("d1", timeline=timeline, hidden_for=20)
    else:
        fake.chain("owner").deployment("d1", timeline=timeline, hidden_for=20)

    heard = await listen(deployment(baseten, kind, "d1").events())

    assert heard.result.status == "ACTIVE"
    assert {type(event.error) for event in heard.of(LookFailed)} == {NotFoundError}


@BOTH
async def test_a_deployment_that_is_not_found_for_half_a_minute_does_not_exist(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    set_up(fake, kind)

    with pytest.raises(NotFoundError) as caught:
        await deployment(baseten, kind, "nobody").wait_until_active()

    assert 30 <= fake.now < 60
    assert caught.value.evidence is not None


@BOTH
async def test_a_deployment_that_was_found_once_and_is_gone_was_deleted(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    resource = fake.model("owner") if kind == "model" else fake.chain("owner")
    doomed = resource.deployment("d1", status="BUILDING")
    fake.at(5, doomed.delete)

    with pytest.raises(NotFoundError):
        await deployment(baseten, kind, "d1").wait_until_active()

    # The first failed look, and ten seconds later the one that makes it certain.
    assert fake.now < 5 + 2 + 10 + 1


async def test_an_environment_that_is_deleted_ends_the_wait_on_its_promotion(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    model = fake.model("owner")
    model.deployment("new", timeline=[("BUILDING", 100), "ACTIVE"])
    staging = model.environment("staging")
    promotion = await baseten.model("owner").environment("staging").promote("new")
    fake.at(30, staging.delete)

    with pytest.raises(NotFoundError) as caught:
        await promotion.wait()

    assert fake.now < 30 + TWO_LOOKS
    assert caught.value.evidence is not None
    assert caught.value.evidence.last_seen.name == "staging"
