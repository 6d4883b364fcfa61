"""A verdict is about the window that was asked for, and about no other one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aiobaseten import Baseten
from aiobaseten._measuring import read_metrics
from aiobaseten._waiting import Measurement
from aiobaseten.metrics import REQUESTS

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
