"""The key is sent, and shown nowhere."""

from __future__ import annotations

import asyncio
import copy
import logging
import pickle
import traceback
from collections.abc import Iterator

import httpx
import pytest

from aiobaseten import Baseten, RetryPolicy
from aiobaseten.errors import BasetenError, WaitTimeoutError
from aiobaseten.testing import FakeBaseten

KEY = "k3y-that-nobody-may-see"


def shown(error: BaseException) -> Iterator[str]:
    """Everything that an exception and its causes can show."""
    while error is not None:
        yield from traceback.format_exception(error)
        yield repr(vars(error))
        request = getattr(error, "_request", None)
        if request is not None:
            yield str(request.headers.raw)
        yield str(pickle.dumps(error)) if isinstance(error, BasetenError) else ""
        error = error.__cause__ or error.__context__  # type: ignore[assignment]


@pytest.fixture
def fake() -> FakeBaseten:
    fake = FakeBaseten(api_key=KEY)
    model = fake.model("m1")
    model.deployment("d1", status="BUILDING")
    model.environment("production", current="d1")
    return fake


@pytest.mark.looptime
@pytest.mark.parametrize(
    "fault", ["reset", "hang", "noise", "refuse", "cut", "html", "empty", "garbage", "rate_limited"]
)
async def test_no_error_shows_the_key(fake: FakeBaseten, fault: str) -> None:
    getattr(fake.faults, fault)(times=1)

    async with fake.client(retry=RetryPolicy(attempts=1)) as baseten:
        with pytest.raises(BasetenError) as caught:
            await baseten.model("m1").deployment("d1").get()

    assert not [text for text in shown(caught.value) if KEY in text]


async def test_errors_and_logs_of_a_real_connection_do_not_show_the_key(
    fake: FakeBaseten, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fake.faults.reset(times=1)

    async with (
        fake.serve() as url,
        Baseten(api_key=KEY, base_url=url, retry=RetryPolicy(attempts=1)) as baseten,
    ):
        with pytest.raises(BasetenError) as caught:
            await baseten.model("m1").deployment("d1").get()
        await baseten.model("m1").deployment("d1").get()

    assert not [text for text in shown(caught.value) if KEY in text]
    assert KEY not in caplog.text + str([vars(record) for record in caplog.records])
    assert {record.name.partition(".")[0] for record in caplog.records} >= {
        "aiobaseten",
        "httpcore",
        "httpx",
    }


@pytest.mark.looptime
async def test_a_wait_and_its_token_do_not_show_the_key(
    fake: FakeBaseten, caplog: pytest.LogCaptureFixture
) -> None:
    fake.model("m1").deployment("d2", timeline=[("BUILDING", 60), "BUILD_FAILED"])
    fake.faults.status(401, times=1, after=4)
    caplog.set_level(logging.DEBUG)

    async with fake.client() as baseten:
        promotion = await baseten.model("m1").environment("production").promote("d2")
        said = [promotion.token, repr(promotion), repr(baseten), repr(baseten.model("m1"))]
        caught: BasetenError | None = None
        try:
            async for event in promotion.events():
                said += [str(event), repr(event)]
        except BasetenError as error:
            caught = error

    assert caught is not None
    said += [*shown(caught), caplog.text, *(str(vars(record)) for record in caplog.records)]
    assert not [text for text in said if KEY in text]
    assert "aiobaseten" in {record.name for record in caplog.records}


async def test_the_error_of_a_refused_key_does_not_show_it(fake: FakeBaseten) -> None:
    async with fake.client(api_key="wr0ng-key") as baseten:
        with pytest.raises(BasetenError) as caught:
            await baseten.model("m1").deployment("d1").get()

    assert not [text for text in shown(caught.value) if "wr0ng-key" in text]


async def test_no_form_of_printing_a_client_shows_the_key() -> None:
    baseten = Baseten(api_key=KEY)

    assert KEY not in repr(baseten) + str(baseten) + repr(vars(baseten))
    assert KEY not in repr(baseten.with_options(read_timeout=1))
    with pytest.raises(TypeError):
        pickle.dumps(baseten)


async def test_a_log_record_holds_the_path_template_without_ids(
    fake: FakeBaseten, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="aiobaseten")

    async with fake.client() as baseten:
        await baseten.model("m1").deployment("d1").get()

    (record,) = [record for record in caplog.records if record.name == "aiobaseten"]
    fields = vars(record)
    assert fields["method"] == "GET"
    assert fields["path_template"] == "/v1/models/{model_id}/deployments/{deployment_id}"
    assert fields["status"] == 200
    assert fields["attempt"] == 1
    assert fields["request_id"]
    assert fields["duration"] >= 0


@pytest.mark.looptime
async def test_each_attempt_has_a_log_line(
    fake: FakeBaseten, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="aiobaseten")
    fake.faults.hang(times=1)
    fake.faults.status(503, times=1)

    async with fake.client(retry=RetryPolicy(attempts=3), read_timeout=7) as baseten:
        await baseten.model("m1").deployment("d1").get()
        with pytest.raises(WaitTimeoutError):
            await baseten.model("m1").deployment("d1").wait_until_active(timeout=0)

    records = [record for record in caplog.records if record.name == "aiobaseten"]
    said = [record.getMessage() for record in records]
    assert said[1].endswith(f"request id {vars(records[1])['request_id']})")
    path = "GET /v1/models/{model_id}/deployments/{deployment_id}"
    assert said[0] == f"{path}: no answer in 7.000 s (attempt 1, request id None)"
    assert said[1].startswith(f"{path}: 503 in 0.000 s (attempt 2, request id ")
    assert said[2].startswith(f"{path}: 200 in 0.000 s (attempt 3, request id ")
    assert said[3].startswith(f"{path}: 200 in 0.000 s (attempt 1, request id ")


@pytest.mark.looptime
async def test_the_headers_of_the_callers_client_are_left_alone(fake: FakeBaseten) -> None:
    async with httpx.AsyncClient(transport=fake.transport()) as http:
        before = copy.copy(http.headers)
        async with Baseten(api_key=KEY, http_client=http) as baseten:
            await asyncio.gather(*(baseten.model("m1").deployment("d1").get() for _ in range(3)))

        assert http.headers == before
