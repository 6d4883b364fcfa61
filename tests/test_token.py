"""Tokens: their text, and texts that are no tokens."""

from __future__ import annotations

import base64
import random
import string
import zlib
from itertools import product
from typing import Any, get_args

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from aiobaseten import Baseten
from aiobaseten._status import PROMOTION_STATUSES
from aiobaseten._token import Token, TokenKind
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
    was_busy=st.booleans(),
    was_held=st.booleans(),
    was_left=st.booleans(),
    was_adopted=st.booleans(),
    hold=st.none() | st.integers(0, 2**40),
    sent_at=st.none() | st.integers(0, 2**40),
)
LARGEST = Token(
    kind="model promotion",
    resource_id="abcd1234",
    environment_name="production",
    deployment_id="abcd1235",
    previous_id="abcd1236",
    candidate_id="abcd1237",
    promotion_status=max(PROMOTION_STATUSES, key=len),
    intended=True,
    was_busy=True,
    hold=3600,
    sent_at=2_000_000_000,
)


def test_a_token_with_ids_as_baseten_makes_them_has_at_most_120_characters() -> None:
    usual = Token(
        kind="model promotion",
        resource_id="abcd1234",
        environment_name="production",
        deployment_id="abcd1235",
        previous_id="abcd1236",
    )

    assert len(LARGEST.dump()) <= 120
    assert len(usual.dump()) <= 70


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


@pytest.mark.thorough
def test_no_damaged_copy_is_taken_for_a_token() -> None:
    """Letters that are wrong, gone, twice, or in another order; halves of two tokens."""
    chance = random.Random(17)
    texts = [
        evolve(LARGEST, kind=kind, hold=hold, promotion_status=status).dump()
        for kind, hold, status in product(get_args(TokenKind), (None, 0, 420), (None, "FAILED"))
    ]
    letters = string.ascii_letters + string.digits + "-_"
    for _ in range(100_000):
        text, other = chance.choice(texts), chance.choice(texts)
        first, second = sorted(chance.sample(range(len(text)), 2))
        damaged = chance.choice(
            (
                text[:first] + chance.choice(letters) + text[first + 1 :],
                text[:first] + text[second:],
                text[:second] + text[first:],
                text[:first] + text[first:second][::-1] + text[second:],
                text[:first] + other[first:],
                text[:first] + text[first:].swapcase(),
            )
        )
        if damaged not in texts:
            with pytest.raises(ConfigurationError):
                Token.load(damaged)


@given(text=st.text() | st.none() | st.integers())
def test_a_text_that_is_not_a_token_is_refused(text: Any) -> None:
    with pytest.raises(ConfigurationError):
        Token.load(text)


def forged(content: bytes, version: str = "abt2", *, checksum_of: bytes | None = None) -> str:
    """A token with a valid checksum, or with that of something else."""
    checksum = zlib.crc32(content if checksum_of is None else checksum_of)
    body = base64.urlsafe_b64encode(content + checksum.to_bytes(4, "big"))
    return f"{version}.{body.decode().rstrip('=')}"


# A model's promotion, with the names m, e and d.
WHOLE = b"\x01" + b"\x02m\x02e\x02d" + b"\x00\x00\x00" + b"\x00\x00"


def test_a_token_is_what_its_bytes_say() -> None:
    assert Token.load(forged(WHOLE)) == Token(
        kind="model promotion", resource_id="m", environment_name="e", deployment_id="d"
    )


def test_a_token_for_another_model_is_refused_if_its_checksum_is_not_its_own() -> None:
    with pytest.raises(ConfigurationError):
        Token.load(forged(WHOLE.replace(b"m", b"n"), checksum_of=WHOLE))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        WHOLE[:-1],
        WHOLE + b"\x00",
        WHOLE[:1],
        b"\x03" + WHOLE[1:],
        WHOLE.replace(b"m", b"\xff"),
        WHOLE.replace(b"\x02m", b"\x00"),
        WHOLE.replace(b"\x02e", b"\x00"),
        WHOLE.replace(b"\x02d", b"\x00"),
        WHOLE.replace(b"\x02m", b"\x82\x00m"),
        WHOLE.replace(b"\x02d", b"\x7fd"),
        WHOLE[:-1] + b"\xff" * 9 + b"\x01",
        WHOLE[:-1] + b"\xff" * 100_000,
    ],
    ids=[
        "empty",
        "a number is missing",
        "more bytes",
        "only the kind",
        "an unknown kind",
        "no text",
        "no resource",
        "no environment",
        "no deployment",
        "a long form of a short number",
        "a text that is too long",
        "a number that is too large",
        "a number without an end",
    ],
)
def test_a_token_with_invalid_content_is_refused(content: bytes) -> None:
    with pytest.raises(ConfigurationError):
        Token.load(forged(content))


@pytest.mark.parametrize("ours", ["..", "a/b", "a\nb", " ", "x" * 70_000])
@pytest.mark.parametrize("field", ["resource_id", "environment_name", "deployment_id"])
async def test_a_token_with_an_invalid_id_is_refused(
    fake: FakeBaseten, baseten: Baseten, field: str, ours: str
) -> None:
    names: dict[str, Any] = {"resource_id": "m1", "environment_name": "e1", "deployment_id": "d1"}
    token = Token(kind="model promotion", **(names | {field: ours})).dump()
    set_up(fake, "model")
    fake.model("m1").environment("e1")

    with pytest.raises(ConfigurationError):
        await baseten.resume(token)
    assert field == "deployment_id" or not fake.requests


@pytest.mark.parametrize("version", ["abt1", "abt3"])
def test_a_token_of_another_version_is_refused(version: str) -> None:
    with pytest.raises(ConfigurationError):
        Token.load(forged(WHOLE, version))


async def test_a_token_is_refused_before_anything_is_sent(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    with pytest.raises(ConfigurationError):
        await baseten.resume("abt2.nonsense")

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
