"""The documented rate limits: when may a request be sent? Without an event loop."""

from __future__ import annotations

import pytest

from aiobaseten._sending.limits import RateWindow, documented_window

DEPLOYMENT = "/v1/models/{model_id}/deployments/{deployment_id}"


def sent_within(window: RateWindow, seconds: float) -> list[float]:
    """The times of requests if there is always one to send."""
    times: list[float] = []
    while (at := window.free_at(times[-1] if times else 0.0)) <= seconds:
        window.take(at)
        times.append(at)
    return times


@pytest.mark.parametrize(
    ("method", "path", "requests", "seconds"),
    [
        ("POST", f"{DEPLOYMENT}/activate", 20, 60),
        ("POST", f"{DEPLOYMENT}/deactivate", 20, 60),
        ("POST", f"{DEPLOYMENT}/retry", 10, 60),
        ("GET", DEPLOYMENT, 100, 1),
        ("GET", f"{DEPLOYMENT}/activate", 100, 1),
        ("POST", "/v1/models/{model_id}/environments/{env_name}/activate", 100, 1),
        ("POST", "/v1/chains/{chain_id}/deployments/{chain_deployment_id}/deactivate", 100, 1),
    ],
)
def test_any_rate_window_of_the_server_holds_the_documented_number(
    method: str, path: str, requests: int, seconds: float
) -> None:
    times = sent_within(documented_window(method, path), 10 * seconds)

    busiest = max(sum(at <= other < at + seconds for other in times) for at in times)
    assert busiest == requests


def test_a_window_is_free_again_when_its_first_request_has_left_it() -> None:
    window = RateWindow(3, 10.0)
    for at in (0.0, 4.0, 5.0):
        window.take(at)

    assert window.free_at(6.0) == 11.0, "a tenth later than documented"
    assert window.free_at(60.0) == 60.0


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    window = RateWindow(100, 1.0)
    window.pause(0.0, 30.0)
    window.pause(0.0, 10.0)

    assert window.free_at(5.0) == 30.0
    assert window.free_at(31.0) == 31.0


def test_a_pause_lasts_a_minute_at_most() -> None:
    window = RateWindow(100, 1.0)
    window.pause(5.0, 3600.0)

    assert window.free_at(5.0) == 65.0
