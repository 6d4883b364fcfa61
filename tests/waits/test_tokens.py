"""Going on with a wait in another process, or twice."""

from __future__ import annotations

import asyncio
import base64
import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from story import BOTH, Kind, listen, production, promote, stage

from aiobaseten import Baseten, Cancellation, ChainPromotion, ModelPromotion
from aiobaseten._token import Token
from aiobaseten.errors import (
    ConfigurationError,
    NotFoundError,
    PromotionSupersededError,
    WaitTimeoutError,
)
from aiobaseten.testing import FakeBaseten, timelines

pytestmark = pytest.mark.looptime

RAMP = [(25, 60), (50, 60)]


@BOTH
async def test_another_process_goes_on_with_a_promotion(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    stage(fake, kind, timelines.SCALED_TO_ZERO_ON_THE_WAY)
    promotion = await promote(baseten, kind)
    with pytest.raises(WaitTimeoutError, match=r"Go on with resume\(error\.token\)") as caught:
        await promotion.wait(timeout=100)

    async with fake.client() as another:
        resumed = await another.resume(caught.value.token or "")
        assert isinstance(resumed, ModelPromotion if kind == "model" else ChainPromotion)
        live = await resumed.wait()

    assert live.id == resumed.deployment_id == "new"
    assert resumed.previous_id == "old"
    assert resumed.environment_name == "production"


@BOTH
async def test_what_was_resumed_can_do_what_the_original_could(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    environment = stage(fake, kind)
    promotion = await promote(baseten, kind)

    resumed = await baseten.resume(promotion.token)
    assert not isinstance(resumed, Cancellation)
    await resumed.wait()
    await (await resumed.rollback()).wait()

    assert resumed.token == promotion.token
    assert environment.current is not None
    assert environment.current.id == "old"


@BOTH
async def test_resuming_twice_and_at_the_same_time_begins_nothing(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    environment = stage(fake, kind, timelines.HEALTHY)
    token = (await promote(baseten, kind)).token

    async def go_on() -> Any:
        return await (await baseten.resume(token)).wait()

    first, second, third = await asyncio.gather(go_on(), go_on(), go_on())

    assert first == second == third
    assert len(environment.promotions) == 1


async def test_a_cancellation_goes_on_too(fake: FakeBaseten, baseten: Baseten) -> None:
    stage(fake, "model", ramp=RAMP)
    promotion = await promote(baseten, "model")
    await asyncio.sleep(90)
    cancellation = await promotion.cancel()

    resumed = await baseten.resume(cancellation.token)
    assert isinstance(resumed, Cancellation)
    told = await listen(resumed.events())

    assert "promotion to production: RAMPING_DOWN -> CANCELED" in told.said()
    assert (resumed.deployment_id, resumed.previous_id) == ("new", "old")
    assert resumed.token == cancellation.token


async def test_a_cancellation_that_knows_no_deployment_goes_on_too(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    stage(fake, "model", timelines.HEALTHY).promote("new")
    cancellation = await baseten.model("owner").environment("production").cancel_promotion()

    resumed = await baseten.resume(cancellation.token)

    assert isinstance(resumed, Cancellation)
    assert resumed.deployment_id is None
    assert (await resumed.wait()).current_deployment is not None


@BOTH
async def test_what_was_superseded_in_the_meantime_is_said_to_be(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    environment = stage(fake, kind)
    promotion = await promote(baseten, kind)
    await promotion.wait()
    environment.promote("old")
    await asyncio.sleep(3600)

    resumed = await baseten.resume(promotion.token)

    with pytest.raises(PromotionSupersededError) as caught:
        await resumed.wait()
    assert environment.current is not None
    assert caught.value.by == environment.current.id


async def test_what_no_longer_exists_is_an_error_at_once(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    model = fake.model("owner")
    model.deployment("new")
    staging = model.environment("staging")
    promotion = await baseten.model("owner").environment("staging").promote("new")
    staging.delete()

    with pytest.raises(NotFoundError):
        await baseten.resume(promotion.token)


# What a token is


@BOTH
async def test_a_token_is_short_and_safe_in_a_url_a_file_name_and_a_shell(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    stage(fake, kind)

    token = (await promote(baseten, kind)).token

    assert len(token) < 300
    assert token.replace(".", "").replace("-", "").replace("_", "").isalnum()
    assert "test-key" not in token


TEXT = st.text(min_size=1, max_size=20)
TOKENS = st.builds(
    Token,
    kind=st.sampled_from(["chain promotion", "model promotion", "cancellation"]),
    parent=TEXT,
    environment=TEXT,
    deployment=TEXT,
    previous=st.none() | TEXT,
    candidate=st.none() | TEXT,
    promotion=st.none() | TEXT,
    at_once=st.booleans(),
)


@given(token=TOKENS)
def test_a_token_says_again_what_it_was_told(token: Token) -> None:
    assert Token.load(token.dump()) == token
    assert Token.load(f"  {token.dump()}\n") == token


@given(token=TOKENS, data=st.data())
def test_a_token_that_was_damaged_is_refused(token: Token, data: st.DataObject) -> None:
    text = token.dump()
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda c: c != text[at]))

    try:
        loaded = Token.load(text[:at] + other + text[at + 1 :])
    except ConfigurationError:
        return
    # Some bits of the last letter say nothing, and space at the ends is not the token's.
    assert loaded == token


@given(text=st.text() | st.none() | st.integers())
def test_what_is_not_a_token_is_refused(text: Any) -> None:
    with pytest.raises(ConfigurationError, match="token"):
        Token.load(text)


def forged(content: bytes) -> str:
    """A token whose checksum is right."""
    body = base64.urlsafe_b64encode(content).decode()
    return f"abt1.{zlib.crc32(content):08x}.{body}"


WHOLE = {"kind": "model promotion", "parent": "m1", "environment": "e1", "deployment": "d1"}


@pytest.mark.parametrize(
    "content",
    [
        b"\xff",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b"[" * 100_000,
        json.dumps({**WHOLE, "kind": "rollback"}).encode(),
        json.dumps({**WHOLE, "kind": ["model promotion"]}).encode(),
        json.dumps({**WHOLE, "parent": 1}).encode(),
        json.dumps({**WHOLE, "deployment": None}).encode(),
        json.dumps({**WHOLE, "at_once": "yes"}).encode(),
        json.dumps({**WHOLE, "more": "x"}).encode(),
        json.dumps({key: WHOLE[key] for key in ("kind", "parent", "environment")}).encode(),
        json.dumps({key: WHOLE[key] for key in ("kind", "parent", "deployment")}).encode(),
    ],
)
def test_a_token_that_says_nonsense_is_refused(content: bytes) -> None:
    with pytest.raises(ConfigurationError, match="token is damaged"):
        Token.load(forged(content))


@pytest.mark.parametrize("ours", ["..", "a/b", "a\nb", " "])
@pytest.mark.parametrize("field", ["parent", "environment", "deployment"])
async def test_a_token_leads_nowhere_but_to_its_own_kind_of_path(
    fake: FakeBaseten, baseten: Baseten, field: str, ours: str
) -> None:
    token = forged(json.dumps({**WHOLE, field: ours}).encode())
    stage(fake, "model")
    fake.model("m1").environment("e1")

    with pytest.raises(ConfigurationError):
        await baseten.resume(token)


def test_a_token_of_another_version_is_told_from_a_damaged_one() -> None:
    with pytest.raises(ConfigurationError, match="of version abt2, and this aiobaseten reads abt1"):
        Token.load("abt2.00000000.e30")


async def test_a_token_is_refused_before_anything_is_sent(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    with pytest.raises(ConfigurationError):
        await baseten.resume("abt1.nonsense")

    assert fake.requests == []


@BOTH
async def test_a_wait_on_a_busy_environment_has_nothing_to_go_on_with(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    stage(fake, kind, "BUILDING").promote("new")

    with pytest.raises(WaitTimeoutError) as caught:
        await production(baseten, kind).promote(
            "old", if_in_progress="wait", in_progress_timeout=10
        )

    assert caught.value.token is None
    assert "resume" not in str(caught.value)
