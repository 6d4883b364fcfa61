"""The last lines of the log, attached to the error of a wait."""

from __future__ import annotations

import asyncio
import copy
import logging
import pickle
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from aiobaseten import Baseten
from aiobaseten.errors import (
    AuthenticationError,
    DeploymentFailedError,
    LogLine,
    PromotionFailedError,
    WaitError,
    WaitTimeoutError,
)
from aiobaseten.testing import FakeBaseten, FakeDeployment, timelines

from ..story import BOTH, Kind, deployment, listen, promote, set_up

pytestmark = pytest.mark.looptime

STARTED = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = "hf_token=s3cret"
#: Where the logs are, as a route of faults.
LOGS: dict[Kind, str] = {
    "model": "GET /v1/models/owner/deployments/new/logs",
    "chain": "GET /v1/chains/owner/deployments/new/chainlets/new-Main/logs",
}


@pytest.fixture
def fake() -> FakeBaseten:
    """A fake whose time of day is known."""
    return FakeBaseten(started=STARTED)


def made(fake: FakeBaseten, kind: Kind) -> FakeDeployment:
    """The fake's deployment "new"."""
    return (fake.model("owner") if kind == "model" else fake.chain("owner")).deployments["new"]


def broken(fake: FakeBaseten, kind: Kind, *messages: str) -> FakeDeployment:
    """A deployment that logs messages, and fails to build after 12 s."""
    set_up(fake, kind)
    its = made(fake, kind)
    its.set_timeline(timelines.BUILD_FAILED)
    for second, message in enumerate(messages):
        fake.at(5.0 + second, lambda message=message: its.log(message))  # type: ignore[misc]
    return its


def messages(error: WaitError) -> Sequence[str]:
    """The messages of the log lines of an error."""
    assert error.evidence is not None
    return [line.message for line in error.evidence.log_lines]


def notes(error: BaseException) -> Sequence[str]:
    """The notes of an error."""
    return getattr(error, "__notes__", [])


def asked_for_logs(fake: FakeBaseten) -> int:
    """The number of requests for a log."""
    return sum(request.path.endswith("/logs") for request in fake.requests)


@BOTH
async def test_the_error_holds_the_last_lines_oldest_first(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    broken(fake, kind, "installing", "no such package", "giving up")

    with pytest.raises(DeploymentFailedError) as caught:
        await deployment(baseten, kind).wait_until_active(log_lines=2)

    assert caught.value.evidence is not None
    assert [(line.chainlet, line.at, line.message) for line in caught.value.evidence.log_lines] == [
        ("Main" if kind == "chain" else None, STARTED.replace(second=6), "no such package"),
        ("Main" if kind == "chain" else None, STARTED.replace(second=7), "giving up"),
    ]


@BOTH
async def test_the_error_of_a_promotion_holds_the_log_of_its_deployment(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    set_up(fake, kind, timelines.BUILD_FAILED)
    promotion = await promote(baseten, kind)
    fake.at(11, lambda: made(fake, kind).log("no such package"))

    with pytest.raises(PromotionFailedError) as caught:
        await promotion.wait(log_lines=50)

    assert messages(caught.value) == ["no such package"]


@BOTH
async def test_a_timeout_holds_the_log_too(fake: FakeBaseten, baseten: Baseten, kind: Kind) -> None:
    set_up(fake, kind, timelines.STUCK)
    promotion = await promote(baseten, kind)
    fake.at(60, lambda: made(fake, kind).log("still loading"))

    with pytest.raises(WaitTimeoutError) as caught:
        await promotion.wait(timeout=100, log_lines=50)

    assert messages(caught.value) == ["still loading"]


async def test_the_events_end_with_the_same_lines(fake: FakeBaseten, baseten: Baseten) -> None:
    broken(fake, "model", "no such package")

    heard = await listen(deployment(baseten, "model").events(log_lines=1))

    assert isinstance(heard.error, DeploymentFailedError)
    assert messages(heard.error) == ["no such package"]


@BOTH
async def test_without_log_lines_no_log_is_read(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    broken(fake, kind, "no such package")

    with pytest.raises(DeploymentFailedError) as caught:
        await deployment(baseten, kind).wait_until_active()

    assert messages(caught.value) == []
    assert asked_for_logs(fake) == 0


@BOTH
async def test_a_successful_wait_reads_no_log(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    set_up(fake, kind)

    await deployment(baseten, kind).wait_until_active(log_lines=50)

    assert asked_for_logs(fake) == 0


@pytest.mark.parametrize(
    ("chainlets", "whose"),
    [
        ({"A": "ACTIVE", "B": "BUILD_FAILED", "C": "LOADING_MODEL"}, ["B"]),
        ({"A": "ACTIVE", "B": "INACTIVE", "C": "DEPLOY_FAILED"}, ["B", "C"]),
        ({"A": "ACTIVE", "B": "UNHEALTHY", "C": "LOADING_MODEL"}, ["B", "C"]),
        ({"A": "ACTIVE", "B": "SOMETHING_NEW"}, ["B"]),
    ],
    ids=["one failed", "two failed", "none is ready", "nobody knows"],
)
async def test_a_chain_reads_the_logs_of_chainlets_that_failed_or_else_are_not_ready(
    fake: FakeBaseten, baseten: Baseten, chainlets: dict[str, timelines.Steps], whose: list[str]
) -> None:
    fake.chain("owner").deployment("new", chainlets=chainlets).log("hello")

    with pytest.raises(WaitError) as caught:
        await deployment(baseten, "chain").wait_until_active(
            timeout=0, settling_time=0, log_lines=5
        )

    assert caught.value.evidence is not None
    assert [line.chainlet for line in caught.value.evidence.log_lines] == whose


async def test_a_chain_that_failed_without_its_chainlets_reads_every_log(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    chainlets: dict[str, timelines.Steps] = {"A": "ACTIVE", "B": "ACTIVE"}
    fake.chain("owner").deployment("new", status="FAILED", chainlets=chainlets).log("hello")

    with pytest.raises(DeploymentFailedError) as caught:
        await deployment(baseten, "chain").wait_until_active(log_lines=5)

    assert messages(caught.value) == ["hello", "hello"]


async def test_a_chain_with_many_chainlets_reads_five_logs(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    names = [f"C{number}" for number in range(30)]
    fake.chain("owner").deployment("new", status="BUILD_FAILED", chainlets=names)

    with pytest.raises(DeploymentFailedError):
        await deployment(baseten, "chain").wait_until_active(log_lines=5)

    assert asked_for_logs(fake) == 5


# --- the log is the least of it -----------------------------------------------------------------


@pytest.mark.parametrize("fault", ["garbage", "empty", "html", "reset", "hang", "refuse", "cut"])
@BOTH
async def test_an_unreadable_log_is_a_note_and_hides_nothing(
    fake: FakeBaseten, baseten: Baseten, kind: Kind, fault: str
) -> None:
    broken(fake, kind, "no such package")
    getattr(fake.faults, fault)(route=LOGS[kind], lasting=999)

    with pytest.raises(DeploymentFailedError) as caught:
        await deployment(baseten, kind).wait_until_active(log_lines=5)

    assert messages(caught.value) == []
    assert len(notes(caught.value)) == 1
    assert caught.value.history[-1].status == "BUILD_FAILED"


async def test_the_log_of_a_deleted_deployment_is_a_note(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model", timelines.STUCK)
    promotion = await promote(baseten, "model")
    fake.at(30, lambda: made(fake, "model").delete())
    fake.at(30, lambda: fake.model("owner").environment("production").force_cancel())

    with pytest.raises(WaitError) as caught:
        await promotion.wait(timeout=600, log_lines=5)

    assert len(notes(caught.value)) == 1


@BOTH
async def test_a_slow_log_delays_the_error_by_five_seconds_at_most(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    broken(fake, kind)
    fake.faults.hang(route=LOGS[kind], lasting=999)

    heard = await listen(deployment(baseten, kind).events(log_lines=5))

    assert isinstance(heard.error, DeploymentFailedError)
    assert asyncio.get_running_loop().time() - heard.at == pytest.approx(5, abs=0.01)
    assert len(notes(heard.error)) == 1
    assert heard.error.evidence is not None
    assert heard.error.evidence.waited == heard.at


async def test_lines_that_came_in_time_are_kept(fake: FakeBaseten, baseten: Baseten) -> None:
    names = ["A", "B"]
    fake.chain("owner").deployment("new", status="BUILD_FAILED", chainlets=names).log("hello")
    fake.faults.hang(route=LOGS["chain"].replace("Main", "B"))

    with pytest.raises(DeploymentFailedError) as caught:
        await deployment(baseten, "chain").wait_until_active(log_lines=5)

    assert messages(caught.value) == ["hello"]
    assert len(notes(caught.value)) == 1


async def test_a_refused_wait_reads_no_log(fake: FakeBaseten, baseten: Baseten) -> None:
    set_up(fake, "model")
    fake.faults.status(401)

    with pytest.raises(AuthenticationError):
        await deployment(baseten, "model").wait_until_active(log_lines=5)

    assert len(fake.requests) == 1


async def test_cancelling_while_the_log_is_read_leaves_nothing_behind(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    broken(fake, "model")
    fake.faults.hang(route=LOGS["model"], lasting=999)
    waiting = asyncio.create_task(deployment(baseten, "model").wait_until_active(log_lines=5))
    await asyncio.sleep(16)
    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting

    assert asked_for_logs(fake) == 1
    await asyncio.sleep(60)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_closing_the_client_while_the_log_is_read_keeps_the_error(
    fake: FakeBaseten,
) -> None:
    broken(fake, "model")
    fake.faults.hang(route=LOGS["model"], lasting=999)
    async with fake.client() as baseten:
        waiting = asyncio.create_task(deployment(baseten, "model").wait_until_active(log_lines=5))
        await asyncio.sleep(16)
        assert asked_for_logs(fake) == 1

    with pytest.raises(DeploymentFailedError):
        await waiting


# --- which part of the log ----------------------------------------------------------------------


@BOTH
async def test_the_log_is_read_from_the_creation_of_the_deployment(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    """By default Baseten shows the last half hour, which is empty."""
    broken(fake, kind, "no such package")
    await asyncio.sleep(6 * 3600)

    with pytest.raises(DeploymentFailedError) as caught:
        await deployment(baseten, kind).wait_until_active(log_lines=5)

    assert messages(caught.value) == ["no such package"]


@BOTH
async def test_the_log_of_an_old_deployment_is_its_last_half_hour(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    """Baseten refuses to show more than a week at once."""
    its = broken(fake, kind, "too long ago")
    await asyncio.sleep(8 * 86400)
    its.log("still dead")

    with pytest.raises(DeploymentFailedError) as caught:
        await deployment(baseten, kind).wait_until_active(log_lines=5)

    assert messages(caught.value) == ["still dead"]
    assert notes(caught.value) == []


# --- what is in it is nobody else's business ----------------------------------------------------


async def test_a_log_line_is_in_its_field_and_nowhere_else(
    fake: FakeBaseten, baseten: Baseten, caplog: pytest.LogCaptureFixture
) -> None:
    """Programs write their secrets into logs."""
    caplog.set_level(logging.DEBUG)
    broken(fake, "model", SECRET)

    heard = await listen(deployment(baseten, "model").events(log_lines=5))

    error = heard.error
    assert isinstance(error, WaitError)
    assert messages(error) == [SECRET]
    assert error.evidence is not None
    shown = [str(error), repr(error), *traceback.format_exception(error), *notes(error)]
    shown += [repr(error.evidence), repr(vars(error)), repr(error.evidence.log_lines)]
    shown += [*map(repr, heard.events), *map(str, heard.events), caplog.text]
    assert not [text for text in shown if SECRET in text]
    assert "LogLine" not in repr(error.evidence)


async def test_a_long_line_keeps_its_beginning_and_its_end(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    """Baseten appends a traceback to the message, and the end of a traceback says most."""
    broken(fake, "model", f"cannot load{'x' * 5000}OutOfMemoryError", "y" * 2000)

    with pytest.raises(DeploymentFailedError) as caught:
        await deployment(baseten, "model").wait_until_active(log_lines=5)

    long, whole = messages(caught.value)
    assert (len(long), whole) == (2000, "y" * 2000)
    assert long.startswith("cannot loadxxx")
    assert "x … x" in long
    assert long.endswith("xxxOutOfMemoryError")


async def test_lines_and_notes_survive_pickling_and_copying(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    names = ["A", "B"]
    fake.chain("owner").deployment("new", status="BUILD_FAILED", chainlets=names).log("hello")
    fake.faults.garbage(route=LOGS["chain"].replace("Main", "B"))

    with pytest.raises(DeploymentFailedError) as caught:
        await deployment(baseten, "chain").wait_until_active(log_lines=5)

    for again in (pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value)):
        assert again.evidence == caught.value.evidence
        assert messages(again) == ["hello"]
        assert notes(again) == notes(caught.value)


@pytest.mark.parametrize("timestamp", ["", "soon", "9" * 30, "-1", 5, None, "1" * 5000])
async def test_a_line_with_an_invalid_time_is_kept(
    fake: FakeBaseten, baseten: Baseten, timestamp: object
) -> None:
    broken(fake, "model")
    line = {"timestamp": timestamp, "message": "hello", "replica": None}
    fake.faults.status(200, body={"logs": [line]}, route=LOGS["model"])

    with pytest.raises(DeploymentFailedError) as caught:
        await deployment(baseten, "model").wait_until_active(log_lines=5)

    assert messages(caught.value) == ["hello"]


@pytest.mark.parametrize("message", [None, 5, ["a"], {}])
async def test_a_line_that_is_not_text_makes_the_log_unreadable(
    fake: FakeBaseten, baseten: Baseten, message: object
) -> None:
    broken(fake, "model")
    line = {"timestamp": "1", "message": message, "replica": None}
    fake.faults.status(200, body={"logs": [line]}, route=LOGS["model"])

    with pytest.raises(DeploymentFailedError) as caught:
        await deployment(baseten, "model").wait_until_active(log_lines=5)

    assert len(notes(caught.value)) == 1


def test_the_repr_of_a_line_shows_its_chainlet_and_time_only() -> None:
    line = LogLine(chainlet="Main", at=STARTED, message=SECRET)

    assert repr(line) == f"LogLine(chainlet='Main', at={STARTED!r})"
