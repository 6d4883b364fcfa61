"""Text of a server: every consumer can encode all of it, whatever the server sends."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import asdict
from hypothesis import given
from hypothesis import strategies as st

from aiobaseten import Baseten
from aiobaseten._operations import CHAIN
from aiobaseten._sending import Secret, parsed_by
from aiobaseten._sending.answers import Reply, judge
from aiobaseten.errors import BasetenError, PromotionFailedError
from aiobaseten.testing import FakeBaseten

#: Lone surrogates of both kinds, NUL, and text that must stay as it is.
STRANGE = "a\udcff b\ud800 c\x00 d\N{PILE OF POO} e\x1b"
SAFE = "a\ufffd b\ufffd c\ufffd d\N{PILE OF POO} e\x1b"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def is_encodable(text: str) -> bool:
    """Whether UTF-8 and a database can hold it."""
    return "\0" not in text and text.encode("utf-8", "replace").decode() == text


def texts(value: Any) -> Iterator[str]:
    """All text in JSON data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from (key, *texts(each))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts(each)


def judged(reply: Reply) -> Any:
    """The JSON that an operation decodes."""
    operation = parsed_by(CHAIN.get_deployment("c", "d"), lambda data: data)
    return judge(operation, "/p", reply, secret=Secret("Api-Key", "s3cret-key"), now=NOW)


ANY_TEXT = st.text(st.characters(exclude_categories=()))
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | ANY_TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner),
)


@given(content=ANY_JSON, encoding=st.sampled_from(["utf-8", "utf-16", "utf-32"]))
@pytest.mark.parametrize("is_escaped", [True, False])
def test_any_json_is_encodable_and_encodable_json_is_unchanged(
    content: Any, encoding: str, is_escaped: bool
) -> None:
    body = json.dumps(content, ensure_ascii=is_escaped).encode(encoding, "surrogatepass")

    value = judged(Reply(status=200, headers={}, body=body))

    assert all(is_encodable(text) for text in texts(value))
    if all(is_encodable(text) for text in texts(content)):
        assert value == content


def test_each_bad_character_becomes_one_replacement_character() -> None:
    body = json.dumps({STRANGE: [STRANGE]}).encode()

    assert judged(Reply(status=200, headers={}, body=body)) == {SAFE: [SAFE]}


def test_a_byte_that_is_not_utf_8_does_not_hide_the_rest_of_the_answer() -> None:
    value = judged(Reply(status=200, headers={}, body=b'{"status": "ACTIVE", "log": "caf\xe9"}'))

    assert value == {"status": "ACTIVE", "log": "caf\ufffd"}


@given(body=st.binary() | ANY_JSON.map(lambda one: json.dumps(one).encode()), header=ANY_TEXT)
@pytest.mark.parametrize("status", [200, 302, 403, 404, 429, 500])
def test_any_error_is_encodable(status: int, body: bytes, header: str) -> None:
    reply = Reply(status=status, headers={"x-request-id": header, "location": header}, body=body)
    try:
        judged(reply)
    except BasetenError as error:
        shown = [*texts(vars(error)), "".join(traceback.format_exception_only(error))]
        assert all(is_encodable(text) for text in shown)


@pytest.mark.looptime
async def test_a_promotion_with_strange_words_fails_with_evidence_that_can_be_encoded(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    model = fake.model("owner")
    model.deployment("old")
    model.deployment("new", on_promote=[(STRANGE, 30), "BUILD_FAILED"]).log(STRANGE)
    model.environment("production", current="old")
    promotion = await baseten.model("owner").environment("production").promote("new")

    with pytest.raises(PromotionFailedError) as caught:
        await promotion.wait(log_lines=5)

    evidence = caught.value.evidence
    assert evidence is not None
    assert [line.message for line in evidence.log_lines] == [SAFE]
    assert SAFE in [seen.status for seen in evidence.history]
    shown = json.dumps(asdict(evidence), default=str, ensure_ascii=False)
    assert is_encodable(shown + str(caught.value))


def test_a_surrogate_in_raw_bytes_is_replaced() -> None:
    """Python's decoder of JSON lets them pass."""
    reply = Reply(status=200, headers={}, body=b'{"a": "b\xed\xb3\xbf"}')

    assert judged(reply) == {"a": "b\ufffd"}
