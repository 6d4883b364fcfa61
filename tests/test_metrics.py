"""Metrics: what is measured, in which window, and whether all of it is there."""

from __future__ import annotations

import asyncio
import math
import pickle
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from typing import Any

import httpx
import pytest

from aiobaseten import Baseten
from aiobaseten.errors import ConfigurationError, NotFoundError, RateLimitError, ResponseShapeError
from aiobaseten.metrics import LATENCY, REQUESTS, Metrics, read_metrics
from aiobaseten.testing import Behaviour, FakeBaseten

STARTED = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOON_MS = int(STARTED.timestamp() * 1000)
QUANTILES = ("0.5", "0.9", "0.95", "0.99")


# --- through the wire ----------------------------------------------------------------------------


@pytest.fixture
def fake() -> FakeBaseten:
    """A fake with a model that serves."""
    fake = FakeBaseten(started=STARTED)
    model = fake.model("m1")
    model.deployment("old")
    model.deployment("new")
    model.environment("production", current="old", ramp=[(25, 1200)], traffic_delay=0)
    return fake


def receive(fake: FakeBaseten, per_second: float) -> None:
    """From now on, so many requests a second."""
    fake.model("m1").environment("production").receives(requests_per_second=per_second)


@pytest.mark.looptime
async def test_a_deployment_without_traffic_has_no_data(baseten: Baseten) -> None:
    await asyncio.sleep(7200)

    metrics = await baseten.model("m1").deployment("old").metrics()

    assert metrics.is_complete
    assert metrics.traffic.requests is None
    assert metrics.traffic.error_share is None
    assert metrics.traffic.latency == {}
    assert metrics.total(REQUESTS) is None
    assert {one.value for one in metrics.values if one.metric in (REQUESTS, LATENCY)} == {None}


@pytest.mark.looptime
async def test_traffic_of_fifteen_seconds_ago_is_incomplete(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    assert fake.now == 0  # its time begins
    await asyncio.sleep(3600)
    receive(fake, 2)
    await asyncio.sleep(30)
    receive(fake, 0)
    await asyncio.sleep(15)

    metrics = await baseten.model("m1").deployment("old").metrics(end=now(fake))

    assert not metrics.is_complete
    assert metrics.traffic.requests is None


@pytest.mark.looptime
async def test_traffic_of_three_minutes_ago_is_complete(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    assert fake.now == 0  # its time begins
    await asyncio.sleep(3600)
    receive(fake, 2)
    await asyncio.sleep(30)
    receive(fake, 0)
    await asyncio.sleep(180)

    metrics = await baseten.model("m1").deployment("old").metrics(window=600)

    assert metrics.is_complete
    assert metrics.end == now(fake) - timedelta(seconds=180)
    assert metrics.end - metrics.start == timedelta(seconds=600)
    assert metrics.traffic.requests == 60
    assert metrics.traffic.error_share == 0
    assert metrics.traffic.latency["p95"] == 0.2
    for value in metrics.values:
        assert (value.start, value.end, value.requests) == (metrics.start, metrics.end, 60)
        assert value.is_complete


def now(fake: FakeBaseten) -> datetime:
    """The time of day at the fake."""
    return STARTED + timedelta(seconds=fake.now)


@pytest.mark.looptime
async def test_the_metrics_of_deployments_tell_apart_what_those_of_the_environment_blend(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    receive(fake, 10)
    fake.model("m1").deployment("new").answers(error_share=0.08, latency=1.5, from_percent=25)
    await asyncio.sleep(600)
    model = baseten.model("m1")
    await model.environment("production").promote("new")
    await asyncio.sleep(900)

    new = (await model.deployment("new").metrics(window=300)).traffic
    old = (await model.deployment("old").metrics(window=300)).traffic
    both = (await model.environment("production").metrics(window=300)).traffic

    assert (new.requests, old.requests, both.requests) == (750, 2250, 3000)
    assert new.error_share == pytest.approx(0.08)
    assert new.statuses == {"2xx": 690, "5xx": 60}
    assert old.error_share == 0
    assert both.error_share == pytest.approx(0.02)
    assert (new.latency["p50"], old.latency["p99"]) == (1.5, 0.2)
    assert both.latency == {"p50": 0.2, "p90": 1.5, "p95": 1.5, "p99": 1.5, "avg": 0.525}


@pytest.mark.looptime
async def test_a_series_has_a_window_for_each_step_and_a_total(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    assert fake.now == 0  # its time begins
    await asyncio.sleep(3600)
    receive(fake, 2)
    await asyncio.sleep(100)

    metrics = (
        await baseten.model("m1")
        .deployment("old")
        .metrics(mode="SERIES", start=now(fake) - timedelta(minutes=5), end=now(fake))
    )

    assert [one.is_complete for one in metrics.steps] == [True] * 4 + [False] * 7
    assert metrics.steps[-1].end == metrics.end
    assert all(one.end == other.start for one, other in pairwise(metrics.steps))
    # Ninety seconds late: the first ten seconds of the traffic are there.
    assert metrics.traffic.requests == metrics.total(REQUESTS) == 20
    assert metrics.traffic.latency == {}


@pytest.mark.looptime
async def test_a_429_is_ridden_out_with_one_request_a_minute(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    fake.faults.rate_limited(retry_after=1, times=3)

    metrics = await baseten.model("m1").deployment("old").metrics()

    assert metrics.traffic.requests is None
    assert [request.at for request in fake.requests] == pytest.approx([0, 60, 120, 180])


@pytest.mark.looptime
async def test_metrics_are_asked_for_once_a_minute_for_each_deployment(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    old, new = (baseten.model("m1").deployment(one) for one in ("old", "new"))

    async with asyncio.TaskGroup() as group:
        same = [group.create_task(old.metrics()) for _ in range(50)]
        group.create_task(new.metrics())
        group.create_task(old.metrics(window=60))
        group.create_task(baseten.model("m1").environment("production").metrics())

    assert len({id(one.result()) for one in same}) == 1
    asked = [(round(one.at), one.path.rsplit("/", 2)[1]) for one in fake.requests]
    assert sorted(asked) == [(0, "new"), (0, "old"), (0, "production"), (60, "old")]


@pytest.mark.looptime
async def test_other_requests_do_not_wait_for_a_minute(fake: FakeBaseten, baseten: Baseten) -> None:
    old = baseten.model("m1").deployment("old")
    await old.metrics()
    waiting = asyncio.create_task(old.metrics(window=60))
    await asyncio.sleep(1)

    await old.get()
    read_at = fake.now
    waiting.cancel()

    assert read_at == 1
    with pytest.raises(asyncio.CancelledError):
        await waiting


@pytest.mark.looptime
async def test_a_server_that_goes_on_refusing_is_an_error() -> None:
    limited = FakeBaseten(behaviour=Behaviour(metrics_per_minute=0))
    limited.model("m1").deployment("old")

    async with limited.client() as baseten:
        with pytest.raises(RateLimitError):
            await baseten.model("m1").deployment("old").metrics()

    assert len(limited.requests) == 4


@pytest.mark.looptime
async def test_a_window_does_not_depend_on_our_clock(fake: FakeBaseten) -> None:
    async with fake.client(clock=None) as baseten:  # the clock of this machine is months off
        deployment = baseten.model("m1").deployment("old")
        await deployment.get()
        metrics = await deployment.metrics()

    assert metrics.is_complete
    assert metrics.end == now(fake) - timedelta(seconds=180)


@pytest.mark.looptime
async def test_a_window_does_not_depend_on_one_server_whose_clock_is_behind() -> None:
    dates = iter([STARTED, STARTED - timedelta(seconds=400), STARTED])
    asked: list[int] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(int(request.url.params["end_epoch_millis"]))
        date = format_datetime(next(dates), usegmt=True)
        return httpx.Response(200, json=answer({"200": 60.0}), headers={"date": date})

    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(respond)) as http,
        Baseten(api_key="k", base_url="https://b.test", http_client=http) as baseten,
    ):
        for one in ("first", "second", "third"):  # all at the same time
            await baseten.model("m1").deployment(one).metrics()

    assert asked[1:] == [NOON_MS - 180_000] * 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"names": "baseten_gpu_utilization"},
        {"names": []},
        {"names": ["baseten_gpu_utilisation"]},
        {"mode": "summary"},
        {"mode": "CURRENT", "window": 60},
        {"window": 0},
        {"window": timedelta(days=8)},
        {"lag": -1},
        {"end": datetime(2026, 3, 1)},
        {"start": STARTED, "end": STARTED},
        {"start": STARTED, "end": STARTED + timedelta(days=8)},
        {"start": STARTED, "end": STARTED + timedelta(hours=1), "window": 60},
        {"start": STARTED + timedelta(days=3650)},
        {"check_names": "no"},
    ],
    ids=str,
)
@pytest.mark.looptime
async def test_invalid_questions_are_refused_before_anything_is_sent(
    fake: FakeBaseten, baseten: Baseten, wrong: dict[str, Any]
) -> None:
    for handle in (baseten.model("m1").deployment("old"), baseten.model("m1").environment("p")):
        with pytest.raises(ConfigurationError):
            await handle.metrics(**wrong)

    assert fake.requests == []


@pytest.mark.looptime
async def test_a_name_that_is_newer_than_this_version_can_be_asked_for(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    old = baseten.model("m1").deployment("old")

    metrics = await old.metrics(["baseten_gpu_utilization"])

    assert metrics.find("baseten_gpu_utilization") == ()  # the model has no GPU
    with pytest.raises(ConfigurationError, match="baseten_gpu_utilization"):
        await old.metrics(["baseten_gpu_utilisation"])
    with pytest.raises(Exception, match="Unknown metric"):
        await old.metrics(["baseten_gpu_utilisation"], check_names=False)
    assert "metrics=baseten_gpu_utilisation&metrics=" + REQUESTS in fake.requests[-1].query


@pytest.mark.looptime
async def test_a_snapshot_has_no_window_to_ask_for(fake: FakeBaseten, baseten: Baseten) -> None:
    metrics = await baseten.model("m1").deployment("old").metrics(mode="CURRENT")

    assert (metrics.mode, metrics.is_complete) == ("CURRENT", False)
    assert "epoch" not in fake.requests[-1].query
    (replicas,) = metrics.find("baseten_replicas_active")
    assert (replicas.value, replicas.kind, replicas.unit) == (1, "GAUGE", "COUNT")
    with pytest.raises(ConfigurationError):
        metrics.total("baseten_replicas_active")


@pytest.mark.looptime
async def test_a_missing_deployment_has_no_metrics(baseten: Baseten) -> None:
    with pytest.raises(NotFoundError):
        await baseten.model("m1").deployment("nope").metrics()


@pytest.mark.looptime
async def test_an_answer_of_another_form_is_a_shape_error(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    fake.faults.status(200, body={"metric_values": None})

    with pytest.raises(ResponseShapeError):
        await baseten.model("m1").deployment("old").metrics()


# --- answers as literals -------------------------------------------------------------------------


def answer(
    requests: dict[str, float | None],
    latencies: tuple[Any, ...] = (1.0, 2.0, 3.0, 4.0, 1.5),
    **changes: Any,
) -> dict[str, Any]:
    """The answer to a SUMMARY of ten minutes; the metrics are in another order than asked for."""
    return {
        "start_epoch_millis": NOON_MS,
        "end_epoch_millis": NOON_MS + 600_000,
        "mode": "SUMMARY",
        "step_seconds": None,
        "metric_descriptors": [
            {
                "name": LATENCY,
                "unit_hint": "SECONDS",
                "kind": "HISTOGRAM",
                "label_sets": [*({"quantile": one} for one in QUANTILES), {"stat": "avg"}],
            },
            {
                "name": REQUESTS,
                "unit_hint": "COUNT",
                "kind": "COUNTER",
                "label_sets": [{"status": one} for one in requests],
            },
        ],
        "metric_values": [
            {"start_epoch_millis": NOON_MS, "values": [[*latencies], [*requests.values()]]}
        ],
        **changes,
    }


def read(data: object) -> Metrics:
    """What is read half an hour later."""
    return read_metrics(data, complete_until=STARTED + timedelta(minutes=30))


NULLS = (None,) * 5


@pytest.mark.parametrize(
    ("requests", "share"),
    [
        ({"200": 90.0, "500": 6.0, "503": 4.0}, 0.1),
        ({"2xx": 90.0, "5xx": 10.0}, 0.1),
        ({"2xx": 90.0, "5XX": 10.0, "500": 6.0, "503": 4.0}, 0.1),
        ({"200": 90.0, "404": 10.0}, 0.0),
        ({"200": 90.0, "500": None}, 0.0),
        ({"1000": 90.0, "1006": 10.0}, 0.0),
        ({"500": 100.0}, 1.0),
    ],
    ids=str,
)
def test_statuses_count_by_class(requests: dict[str, float | None], share: float) -> None:
    traffic = read(answer(requests)).traffic

    assert traffic.requests == math.fsum(traffic.statuses.values())
    assert traffic.error_share == pytest.approx(share)
    assert traffic.latency == {"p50": 1.0, "p90": 2.0, "p95": 3.0, "p99": 4.0, "avg": 1.5}


@pytest.mark.parametrize(
    "data",
    [
        answer({"200": 0.0}, NULLS),
        answer({"200": None}, NULLS),
        answer({}, NULLS),
        answer({"200": 0.0}, (0.0,) * 5),
        answer({"200": math.nan}, (math.nan,) * 5),
        answer({"200": True}, NULLS),
        answer({"200": 0.0, "500": 0.0}, ()),
        answer({}, metric_descriptors=[]),
        answer({}, metric_values=[]),
        answer({}, metric_values=[{"start_epoch_millis": NOON_MS, "values": None}]),
        answer({}, metric_descriptors=[None, {"name": REQUESTS, "label_sets": None}]),
    ],
    ids=range(11),
)
def test_zeros_and_nulls_are_no_data(data: dict[str, Any]) -> None:
    metrics = read(data)

    assert (metrics.traffic.requests, metrics.traffic.error_share) == (None, None)
    assert (metrics.traffic.latency, metrics.traffic.statuses) == ({}, {})
    assert {one.value for one in metrics.values} <= {None}
    assert metrics.total(REQUESTS) is None


@pytest.mark.parametrize(
    ("requests", "is_known"),
    [
        *(({"200": 900.0, "500": one}, False) for one in (math.nan, math.inf, -1.0, True, "9")),
        ({"200": math.nan, "500": 9.0}, False),
        ({"200": 900.0, "500": None}, True),
        *(({one: 900.0}, False) for one in ("unknown", "error", "", "0", "600")),
        ({"200": 100.0, "server_error": 900.0}, False),
        ({"200": 100.0, "server_error": 2.0}, False),
        ({"200": 1000.0, "server_error": 2.0}, True),
    ],
    ids=str,
)
def test_errors_that_cannot_be_counted_are_not_zero_errors(
    requests: dict[str, Any], *, is_known: bool
) -> None:
    traffic = read(answer(requests)).traffic

    assert (traffic.error_share == 0) == is_known
    assert (traffic.error_share is None) != is_known


def test_a_number_that_is_missing_in_a_row_is_not_zero_errors() -> None:
    data = answer({"200": 900.0, "500": 1.0})
    data["metric_values"][0]["values"][1].pop()

    assert read(data).traffic.error_share is None


def test_a_row_with_more_numbers_than_series_cannot_be_read() -> None:
    data = answer({"200": 100.0})
    data["metric_values"][0]["values"][1].append(50.0)
    assert read(data).traffic.is_malformed
    assert read(data).traffic.error_share is None


def test_requests_of_a_total_that_have_no_status_may_be_errors() -> None:
    data = answer({"200": 5.0, "all": 1000.0})
    data["metric_descriptors"][1]["label_sets"] = [{"status": "200"}, {}]

    traffic = read(data).traffic

    assert (traffic.requests, traffic.error_share) == (1000.0, None)


def test_a_step_whose_errors_are_unknown_makes_those_of_the_window_unknown() -> None:
    data = answer({"200": 900.0, "500": 0.0}, mode="SERIES", step_seconds=300)
    data["metric_values"].append(
        {"start_epoch_millis": NOON_MS + 300_000, "values": [[], [900.0, math.nan]]}
    )

    metrics = read(data)

    assert [one.error_share for one in metrics.steps] == [0, None]
    assert (metrics.traffic.requests, metrics.traffic.error_share) == (1800, None)


def test_response_times_of_zero_are_no_data_whatever_the_number_of_requests() -> None:
    metrics = read(answer({"200": 900.0}, (0.0,) * 5))

    assert (metrics.traffic.requests, metrics.traffic.latency) == (900, {})
    assert {one.value for one in metrics.find(LATENCY)} == {None}


def test_a_response_time_without_a_counted_request_is_data() -> None:
    traffic = read(answer({"200": 0.0})).traffic

    assert (traffic.requests, traffic.error_share) == (0.0, None)
    assert traffic.latency["p50"] == 1.0


def test_series_by_another_label_are_added_up_and_quantiles_of_a_part_left_out() -> None:
    data = answer({"1": 60.0, "2": 20.0, "3": 20.0})
    data["metric_descriptors"][1]["label_sets"] = [
        {"status": "200", "is_async": "true"},
        {"status_code": "200", "is_async": "false"},
        {},
    ]
    data["metric_descriptors"][0]["label_sets"][0] = {"quantile": "0.5", "is_async": "true"}
    data["metric_descriptors"][0]["label_sets"][1] = {"quantile": "most"}

    metrics = read(data)

    assert metrics.traffic.requests == 80, "a total without a status does not count twice"
    assert metrics.total(REQUESTS, is_async="true") == 60
    assert metrics.traffic.latency == {"p95": 3.0, "p99": 4.0, "avg": 1.5}


def test_a_total_without_statuses_tells_nothing_of_errors() -> None:
    data = answer({"200": 60.0})
    data["metric_descriptors"][1]["label_sets"] = [{}]

    traffic = read(data).traffic

    assert (traffic.requests, traffic.error_share) == (60.0, None)


def test_kinds_units_and_modes_of_newer_versions_are_kept() -> None:
    data = answer({"200": 60.0}, mode="ROLLUP")
    data["metric_descriptors"].append(
        {"name": "baseten_gpu_temperature", "unit_hint": "KELVIN", "kind": "WAVE"}
        | {"label_sets": [{"gpu": "0"}], "more": 1}
    )
    data["metric_values"][0]["values"].append([341.5])

    metrics = read(data)

    (temperature,) = metrics.find("baseten_gpu_temperature", gpu="0")
    assert (temperature.value, temperature.unit, temperature.kind) == (341.5, "KELVIN", "WAVE")
    assert (metrics.mode, metrics.traffic.requests) == ("ROLLUP", 60.0)
    assert pickle.loads(pickle.dumps(metrics)) == metrics


def test_a_step_ends_where_the_next_one_begins() -> None:
    data = answer({"200": 60.0}, mode="SERIES", step_seconds=30)
    sets = data["metric_values"]
    # Out of order, the first one floored to a whole second, the last one at the end.
    sets[0]["start_epoch_millis"] = NOON_MS + 599_700
    sets.insert(0, {"start_epoch_millis": NOON_MS - 300, "values": [[], [7.0]]})
    data["end_epoch_millis"] = NOON_MS + 600_000

    first, last = read_metrics(data, complete_until=STARTED + timedelta(seconds=599.9)).steps

    assert (first.start, first.end) == (STARTED, STARTED + timedelta(seconds=599.7))
    assert (last.start, last.end) == (first.end, STARTED + timedelta(seconds=600))
    assert (first.is_complete, last.is_complete) == (True, False)
    assert (first.requests, last.requests) == (7.0, 60.0)
