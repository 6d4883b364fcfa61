"""Requests that follow from a look are sent once for a resource and a moment."""

from __future__ import annotations

import asyncio

import pytest
from attrs import field, frozen

from aiobaseten._waiting.followups import FRESH_S, FollowUp, FollowUps
from aiobaseten.errors import TransportError
from aiobaseten.options import LoopClock

pytestmark = pytest.mark.looptime


@frozen
class Ask(FollowUp[object]):
    """Asks for something, which takes a second."""

    what: str
    sent: list[str] = field(factory=list[str], eq=False)
    takes: float = field(default=1.0, eq=False)
    error: TransportError | None = field(default=None, eq=False)
    is_read: bool = field(default=True, eq=False)  # type: ignore[misc]

    async def __call__(self) -> object:
        self.sent.append(self.what)
        await asyncio.sleep(self.takes)
        if self.error is not None:
            raise self.error
        return len(self.sent)


wrote_at = [float("-inf")]


@pytest.fixture
def follow_ups() -> FollowUps:
    wrote_at[0] = float("-inf")
    return FollowUps(LoopClock(), lambda: wrote_at[0])


async def test_a_hundred_that_ask_together_send_one_request(follow_ups: FollowUps) -> None:
    ask = Ask("d1")

    answers = await asyncio.gather(*(follow_ups.once(ask) for _ in range(100)))

    assert answers == [1] * 100


async def test_different_requests_are_sent_apart(follow_ups: FollowUps) -> None:
    sent: list[str] = []

    await asyncio.gather(*(follow_ups.once(Ask(what, sent)) for what in ("d1", "d2", "d1")))

    assert sent == ["d1", "d2"]


@pytest.mark.parametrize(("later", "requests"), [(0.9 * FRESH_S, 1), (1.1 * FRESH_S, 2)])
async def test_an_answer_serves_others_while_it_is_fresh(
    follow_ups: FollowUps, later: float, requests: int
) -> None:
    ask = Ask("d1")
    await follow_ups.once(ask)
    await asyncio.sleep(later)

    assert await follow_ups.once(ask) == requests


@pytest.mark.parametrize(("is_read", "requests"), [(True, 2), (False, 1)])
async def test_an_answer_from_before_a_write_serves_nobody(
    follow_ups: FollowUps, is_read: bool, requests: int
) -> None:
    ask = Ask("d1", is_read=is_read)
    first = asyncio.create_task(follow_ups.once(ask))
    await asyncio.sleep(0.5)
    wrote_at[0] = asyncio.get_running_loop().time()

    await follow_ups.once(ask)
    await first

    assert len(ask.sent) == requests


async def test_everybody_gets_an_error_of_their_own_and_it_lasts_for_a_second(
    follow_ups: FollowUps,
) -> None:
    ask = Ask("d1", error=TransportError("reset", sent=True, method="GET", path="/"))

    one, other = await asyncio.gather(
        *(follow_ups.once(ask) for _ in range(2)), return_exceptions=True
    )

    assert isinstance(one, TransportError)
    assert isinstance(other, TransportError)
    assert one is not other
    for later, requests in [(0.9, 1), (0.2, 2)]:
        await asyncio.sleep(later)
        with pytest.raises(TransportError):
            await follow_ups.once(ask)
        assert len(ask.sent) == requests


async def test_a_cancelled_asker_takes_no_answer_from_the_others(follow_ups: FollowUps) -> None:
    ask = Ask("d1")
    leaves, stays = (asyncio.create_task(follow_ups.once(ask)) for _ in range(2))
    await asyncio.sleep(0.5)

    leaves.cancel()

    assert await stays == 1


async def test_the_last_asker_that_leaves_ends_the_request(follow_ups: FollowUps) -> None:
    ask = Ask("d1")
    both = [asyncio.create_task(follow_ups.once(ask)) for _ in range(2)]
    await asyncio.sleep(0.5)

    for one in both:
        one.cancel()
    await asyncio.wait(both)
    await asyncio.sleep(0)

    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert await follow_ups.once(ask) == 2


async def test_answers_that_nobody_asks_for_any_more_are_forgotten(follow_ups: FollowUps) -> None:
    for number in range(1000):
        await follow_ups.once(Ask(f"d{number}"))

    assert len(follow_ups._answers) <= 4  # noqa: SLF001 - its size cannot be seen from outside
    follow_ups.clear()
    assert not follow_ups._answers  # noqa: SLF001


@pytest.mark.parametrize("written_at", [0.5, 1.5])
async def test_an_answer_under_way_is_not_forgotten_with_the_one_before_it(
    follow_ups: FollowUps, written_at: float
) -> None:
    """A write made the first one out of date, before or after it came."""
    sent: list[str] = []
    first = asyncio.create_task(follow_ups.once(Ask("d1", sent)))
    await asyncio.sleep(written_at)
    wrote_at[0] = asyncio.get_running_loop().time()
    second = asyncio.create_task(follow_ups.once(Ask("d1", sent, takes=10)))
    await asyncio.sleep(4)

    await follow_ups.once(Ask("d1", sent))
    await asyncio.gather(first, second)

    assert len(sent) == 2


async def test_an_answer_that_somebody_asks_for_is_not_cleared(follow_ups: FollowUps) -> None:
    ask = Ask("d1")
    first = asyncio.create_task(follow_ups.once(ask))
    await asyncio.sleep(0.5)
    follow_ups.clear()

    await follow_ups.once(ask)
    await first

    assert len(ask.sent) == 1
