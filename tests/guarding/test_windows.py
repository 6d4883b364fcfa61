"""A verdict is about the window that was asked for, and about no other one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aiobaseten import Baseten, error_rate
from aiobaseten._measuring import read_metrics
from aiobaseten._waiting import Measurement, judge
from aiobaseten.metrics import LATENCY, REQUESTS

from .rollout import METRICS, world

pytestmark = pytest.mark.looptime

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
END = START + timedelta(seconds=300)


def healthy(start: float, end: float, mode: str) -> dict[str, Any]:
    """An answer that shows healthy requests; seconds from START and END."""
    millis = [
        int((at + timedelta(seconds=later)).timestamp() * 1000)
        for at, later in ((START, start), (END, end))
    ]
    return {
        "start_epoch_millis": millis[0],
        "end_epoch_millis": millis[1],
        "mode": mode,
        "metric_descriptors": [
            {"name": REQUESTS, "kind": "COUNTER", "label_sets": [{"status": "200"}]}
        ],
        "metric_values": [{"start_epoch_millis": millis[0], "values": [[900.0]]}],
    }


async def measure(baseten: Baseten) -> Measurement:
    """What a guard reads of d2 from START to END."""
    resource = baseten.model("m1")._resource  # noqa: SLF001 - a guard chooses its windows itself
    return await read_metrics(resource, "d2", START, END)


@pytest.mark.parametrize(
    ("start", "end", "mode", "is_it"),
    [
        (0, 0, "SUMMARY", True),
        (-0.9, 0.9, "SUMMARY", True),
        (-3600, -3600, "SUMMARY", False),
        (-3600, 0, "SUMMARY", False),
        (0, 60, "SUMMARY", False),
        (300, -300, "SUMMARY", False),
        (0, 0, "SERIES", False),
        (0, 0, "CURRENT", False),
        (0, 0, "", False),
    ],
)
async def test_an_answer_about_another_window_is_no_data(
    start: float, end: float, mode: str, *, is_it: bool
) -> None:
    fake, _ = world()
    fake.faults.status(200, body=healthy(start, end, mode), route=METRICS)
    async with fake.client() as baseten:
        measured = await measure(baseten)

    assert measured.requests == (900 if is_it else None)
    assert (measured.trouble == "") == is_it


async def test_a_time_that_is_no_time_is_no_data() -> None:
    for wrong in (1e300, float("inf"), float("nan"), None, "now"):
        fake, _ = world()
        body = {**healthy(0, 0, "SUMMARY"), "end_epoch_millis": wrong}
        fake.faults.status(200, body=body, route=METRICS)
        async with fake.client() as baseten:
            measured = await measure(baseten)

        assert measured.trouble, wrong


COUNTS = {"name": REQUESTS, "kind": "COUNTER", "label_sets": [{"status": "200"}]}
NO_NUMBERS: list[Any] = ["0", True, -1.0, [], {}, 1e999]
NO_VALUES: list[Any] = [[], [[]], None, "", 0]
NO_LABELS: list[Any] = [None, {}, "status"]
MEAN = {"name": LATENCY, "kind": "HISTOGRAM", "label_sets": [{"stat": "avg"}]}


@pytest.mark.parametrize(
    ("values", "changes", "outcome"),
    [
        ([[0.0]], {}, "pass"),
        ([[None]], {}, "pass"),
        ([], {"metric_descriptors": []}, "pass"),
        ([[]], {"metric_descriptors": [{**COUNTS, "label_sets": []}]}, "pass"),
        *(([[one]], {}, "unavailable") for one in NO_NUMBERS),
        *((one, {}, "unavailable") for one in NO_VALUES),
        ([[0.0]], {"metric_values": []}, "unavailable"),
        *(
            ([[0.0]], {"metric_descriptors": [{**COUNTS, "label_sets": one}]}, "unavailable")
            for one in NO_LABELS
        ),
        # Zero requests, of which one took two seconds.
        ([[0.0], [2.0]], {"metric_descriptors": [COUNTS, MEAN]}, "unavailable"),
        ([[0.0], [None]], {"metric_descriptors": [COUNTS, MEAN]}, "pass"),
    ],
    ids=str,
)
async def test_no_requests_are_idle_only_if_their_number_can_be_read(
    values: Any, changes: dict[str, Any], outcome: str
) -> None:
    fake, _ = world()
    body = healthy(0, 0, "SUMMARY")
    body["metric_values"][0]["values"] = values
    fake.faults.status(200, body={**body, **changes}, route=METRICS)
    async with fake.client() as baseten:
        measured = await measure(baseten)

    [verdict] = judge((error_rate(at_most=0.02),), measured, None, min_requests=0)
    assert verdict.outcome == outcome
