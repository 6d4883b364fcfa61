"""Tokens: their text, and texts that are no tokens."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiobaseten import Baseten
from aiobaseten._token import Token
from aiobaseten.errors import ConfigurationError, PromotionInProgressError
from aiobaseten.testing import FakeBaseten

from .story import BOTH, Kind, production, promote, set_up

pytestmark = pytest.mark.looptime


@BOTH
async def test_a_token_is_short_and_safe_in_a_url_a_file_name_and_a_shell(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    set_up(fake, kind)

    token = (await promote(baseten, kind)).token

    assert len(token) < 300
    assert token.replace(".", "").replace("-", "").replace("_", "").isalnum()
    assert "test-key" not in token


TEXT = st.text(min_size=1, max_size=20)
TOKENS = st.builds(
    Token,
    kind=st.sampled_from(["chain promotion", "model promotion", "cancellation"]),
    resource_id=TEXT,
    environment_name=TEXT,
    deployment_id=TEXT,
    previous_id=st.none() | TEXT,
    candidate_id=st.none() | TEXT,
    promotion_status=st.none() | TEXT,
    at_once=st.booleans(),
    intended=st.booleans(),
)


@given(token=TOKENS)
def test_a_token_survives_a_round_trip(token: Token) -> None:
    assert Token.load(token.dump()) == token
    assert Token.load(f"  {token.dump()}\n") == token


def test_a_token_does_not_look_like_a_secret_that_logs_mask() -> None:
    token = Token(kind="model promotion", resource_id="m", environment_name="e", deployment_id="d")

    assert "eyJ" not in token.dump()


@given(token=TOKENS, data=st.data())
def test_a_token_that_was_damaged_is_refused(token: Token, data: st.DataObject) -> None:
    text = token.dump()
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda c: c != text[at]))

    try:
        loaded = Token.load(text[:at] + other + text[at + 1 :])
    except ConfigurationError:
        return
    assert not other.strip(), "only space at the ends is not the token's"
    assert loaded == token


@given(token=TOKENS, junk=st.sampled_from(["!", "=", ".", " ", "\n", "é"]), data=st.data())
def test_a_token_with_something_in_it_is_refused(
    token: Token, junk: str, data: st.DataObject
) -> None:
    text = token.dump()
    at = data.draw(st.integers(1, len(text) - 1))

    with pytest.raises(ConfigurationError):
        Token.load(text[:at] + junk + text[at:])


def test_a_token_of_the_first_release_is_still_read() -> None:
    saved = (
        "abt1.542af538.IHsiYXRfb25jZSI6ZmFsc2UsImRlcGxveW1lbnQiOiJkMSIsImVudmlyb25tZW50IjoicHJ"
        "vZHVjdGlvbiIsImtpbmQiOiJtb2RlbCBwcm9tb3Rpb24iLCJwYXJlbnQiOiJtMSJ9"
    )

    assert Token.load(saved) == Token(
        kind="model promotion",
        resource_id="m1",
        environment_name="production",
        deployment_id="d1",
    )


@given(text=st.text() | st.none() | st.integers())
def test_a_text_that_is_not_a_token_is_refused(text: Any) -> None:
    with pytest.raises(ConfigurationError):
        Token.load(text)


def forged(content: bytes) -> str:
    """A token with a valid checksum."""
    body = base64.urlsafe_b64encode(content).decode().rstrip("=")
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
def test_a_token_with_invalid_content_is_refused(content: bytes) -> None:
    with pytest.raises(ConfigurationError):
        Token.load(forged(content))


@pytest.mark.parametrize("ours", ["..", "a/b", "a\nb", " ", "x" * 70_000])
@pytest.mark.parametrize("field", ["parent", "environment", "deployment"])
async def test_a_token_with_an_invalid_id_is_refused(
    fake: FakeBaseten, baseten: Baseten, field: str, ours: str
) -> None:
    token = forged(json.dumps({**WHOLE, field: ours}).encode())
    set_up(fake, "model")
    fake.model("m1").environment("e1")

    with pytest.raises(ConfigurationError):
        await baseten.resume(token)
    assert field == "deployment" or not fake.requests


def test_a_token_of_another_version_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        Token.load("abt2.00000000.e30")


async def test_a_token_is_refused_before_anything_is_sent(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    with pytest.raises(ConfigurationError):
        await baseten.resume("abt1.nonsense")

    assert fake.requests == []


@BOTH
async def test_a_timeout_of_a_busy_environment_has_no_token(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    set_up(fake, kind, "BUILDING").promote("new")

    with pytest.raises(PromotionInProgressError) as caught:
        await production(baseten, kind).promote(
            "old", if_in_progress="wait", in_progress_timeout=10
        )

    assert caught.value.deployment_id == "new"
