"""The settings of a client, and its life from entering to closing."""

from __future__ import annotations

import asyncio
import gc
import pickle
import threading
import warnings
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

import aiobaseten
from aiobaseten import Baseten, RetryPolicy
from aiobaseten.errors import (
    ConfigurationError,
    NotFoundError,
    RequestTimeoutError,
    ServerError,
    TransportError,
)
from aiobaseten.options import LoopClock
from aiobaseten.testing import FakeBaseten

LOOPBACK = "http://127.0.0.1:9"


async def settled(task: asyncio.Task[Any]) -> object:
    """The result of a task, or its error."""
    outcomes: list[object] = await asyncio.gather(task, return_exceptions=True)
    return outcomes[0]


async def _closed_at(baseten: Baseten) -> float:
    """Close; returns the time."""
    await baseten.aclose()
    return asyncio.get_running_loop().time()


def furnish(fake: FakeBaseten) -> FakeBaseten:
    model = fake.model("m1")
    model.deployment("d1", status="ACTIVE")
    model.deployment("slow", status="DEPLOYING")
    model.environment("production", current="d1")
    return fake


# --- settings -----------------------------------------------------------------------------------


def test_the_key_and_the_address_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASETEN_API_KEY", "from-the-environment")
    monkeypatch.setenv("BASETEN_BASE_URL", f"{LOOPBACK}/")

    assert repr(Baseten()) == f"<Baseten at {LOOPBACK}>"


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_address_is_an_error_and_not_the_real_baseten(
    monkeypatch: pytest.MonkeyPatch, empty: str
) -> None:
    with pytest.raises(ConfigurationError):
        Baseten(api_key="key", base_url=empty)
    monkeypatch.setenv("BASETEN_BASE_URL", empty)

    assert repr(Baseten(api_key="key", base_url=LOOPBACK)) == f"<Baseten at {LOOPBACK}>"
    with pytest.raises(ConfigurationError, match="BASETEN_BASE_URL"):
        Baseten(api_key="key")


@pytest.mark.parametrize("url", ["http://example.com", "api.baseten.co", "https://xn--0"])
def test_a_wrong_address_is_named_as_the_caller_has_set_it(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    with pytest.raises(ConfigurationError, match=r"^base_url "):
        Baseten(api_key="key", base_url=url)
    monkeypatch.setenv("BASETEN_BASE_URL", url)

    with pytest.raises(ConfigurationError, match=r"^BASETEN_BASE_URL "):
        Baseten(api_key="key")


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("url", "passed"),
    [(LOOPBACK, 60), ("http://[::1]:80", 60), ("https://api.baseten.co", 1)],
)
async def test_only_the_clock_of_a_client_of_this_machine_is_as_fast_as_the_variable_says(
    monkeypatch: pytest.MonkeyPatch, url: str, passed: float
) -> None:
    monkeypatch.setenv("AIOBASETEN_CLOCK_SPEED", "60")
    clock = Baseten(api_key="key", base_url=url).clock
    began = clock.now()

    await asyncio.sleep(1)

    assert clock.now() - began == pytest.approx(passed)
    own = LoopClock()
    assert Baseten(api_key="key", base_url=url, clock=own).clock is own


def test_without_a_key_the_error_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BASETEN_API_KEY", raising=False)

    with pytest.raises(ConfigurationError, match="BASETEN_API_KEY"):
        Baseten()


@pytest.mark.parametrize("key", ["", "two words", "line\n", "ümlaut", "tab\t", "\0"])
def test_an_odd_key_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Baseten(api_key=key)

    assert not key or key not in str(caught.value)


def test_a_key_of_another_type_is_refused_by_the_name_of_the_type() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Baseten(api_key=b"s3cret")  # type: ignore[arg-type]

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": "http://api.baseten.co"},
        {"base_url": "http://10.0.0.1"},
        {"base_url": "ftp://api.baseten.co"},
        {"base_url": "api.baseten.co"},
        {"base_url": "https://"},
        {"base_url": "https://xn--.test"},
        {"inference_url": "https://xn--.test/{model_id}"},
        {"base_url": "https://me:pw@api.baseten.co"},
        {"base_url": "https://api.baseten.co/?a=b"},
        {"base_url": "https://api.baseten.co/#a"},
        {"base_url": 7},
        {"inference_url": "https://models.example"},
        {"inference_url": 5},
        {"inference_url": "https://{model_id}/{x}"},
        {"inference_url": "https://{model_id}.example/{"},
        {"inference_url": httpx.URL("https://models.example")},
        {"base_url": "https://api.{x}.example"},
        {"base_url": b"https://api.example"},
        {"clock": 5},
        {"clock": LoopClock},
        {"inference_url": "http://model-{model_id}.example"},
        {"auth_scheme": "Basic"},
        {"connect_timeout": -1},
        {"read_timeout": float("nan")},
        {"write_timeout": "soon"},
        {"pool_timeout": True},
        {"answer_timeout": -1},
        {"retry": 3},
        {"max_connections": 0},
        {"max_connections": 2.5},
        {"polling_rate": 0},
        {"polling_rate": float("inf")},
        {"http_client": httpx.Client},
    ],
)
def test_an_invalid_setting_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        Baseten(api_key="key", **options)


def test_a_client_whose_settings_were_refused_can_be_shown() -> None:
    """A debugger and a tracker of errors show it."""
    half = object.__new__(Baseten)
    with pytest.raises(ConfigurationError):
        half.__init__(api_key="key", base_url="http://x.example")  # type: ignore[misc]

    assert repr(half) == "<Baseten>"


@pytest.mark.parametrize(
    "url", ["http://localhost:1", "http://127.0.0.2", "http://[::1]:1", "http://a.localhost"]
)
def test_plain_http_is_for_loopback(url: str) -> None:
    assert url in repr(Baseten(api_key="key", base_url=url))


@pytest.mark.parametrize(
    "wrong",
    [
        *("", ".", "..", " ", "a/b", "a\\b", "a\nb", "\x7f", "a\u200bb", None, 7, b"c1"),
        *("x" * 2049, "é" * 342, "x" * 70_000),
    ],
)
@pytest.mark.parametrize(
    "handle",
    [
        lambda client, value: client.chain(value),
        lambda client, value: client.model(value),
        lambda client, value: client.chain("c").deployment(value),
        lambda client, value: client.chain("c").environment(value),
        lambda client, value: client.model("m").deployment(value),
        lambda client, value: client.model("m").environment(value),
    ],
)
def test_an_invalid_id_is_refused_when_the_handle_is_made(
    handle: Callable[[Baseten, Any], object], wrong: Any
) -> None:
    with pytest.raises(ConfigurationError, match="must"):
        handle(Baseten(api_key="key"), wrong)


@pytest.mark.parametrize(
    "options",
    [
        {"scale_down_previous_deployment": "false"},
        {"preserve_env_instance_type": 1},
        {"environment_settings_update": [1]},
        {"environment_settings_update": {"a": {1, 2}}},
        {"promotion_settings_override": {"a": float("nan")}},
        {"if_in_progress": "hope"},
        {"in_progress_timeout": -1},
    ],
)
async def test_a_wrong_argument_of_promote_is_refused_before_any_request(
    fake: FakeBaseten, options: dict[str, Any]
) -> None:
    furnish(fake)

    async with fake.client() as baseten:
        with pytest.raises(ConfigurationError, match=next(iter(options))):
            await baseten.model("m1").environment("production").promote("d1", **options)

    assert fake.requests == []


def test_handles_are_equal_by_their_ids() -> None:
    one, other = Baseten(api_key="a"), Baseten(api_key="b")

    assert one.chain("c").environment("e") == other.chain("c").environment("e")
    assert one.chain("c").deployment("d") != one.chain("c").deployment("e")
    assert hash(one.model("m").deployment("d")) == hash(other.model("m").deployment("d"))


def test_verbs_that_the_api_does_not_have_for_chains_do_not_exist() -> None:
    baseten = Baseten(api_key="key")
    for name in ("cancel_promotion", "pause_promotion", "force_cancel_promotion"):
        assert not hasattr(baseten.chain("c").environment("e"), name)
    for name in ("activate", "retry"):
        assert not hasattr(baseten.chain("c").deployment("d"), name)


def test_every_public_name_can_be_imported() -> None:
    for name in aiobaseten.__all__:
        assert getattr(aiobaseten, name) is not None
    assert {"Baseten", "RetryPolicy", "errors", "events", "schemas"} <= set(aiobaseten.__all__)


# --- with_options -------------------------------------------------------------------------------


async def test_options_for_some_calls_share_the_connections(fake: FakeBaseten) -> None:
    furnish(fake)
    fake.faults.status(503, times=1)

    async with fake.client() as baseten:
        once = baseten.with_options(retry=RetryPolicy(attempts=1))
        with pytest.raises(ServerError):
            await once.model("m1").deployment("d1").get()
        fake.faults.status(503, times=1)
        await baseten.model("m1").deployment("d1").get()

    with pytest.raises(ConfigurationError):
        await once.model("m1").deployment("d1").get()


@pytest.mark.looptime
async def test_a_timeout_can_be_set_for_some_calls(fake: FakeBaseten) -> None:
    furnish(fake)
    fake.faults.hang(times=2)
    loop = asyncio.get_running_loop()

    async with fake.client(retry=RetryPolicy(attempts=1)) as baseten:
        quick = baseten.with_options(read_timeout=timedelta(seconds=2))
        began = loop.time()
        with pytest.raises(RequestTimeoutError):
            await quick.model("m1").deployment("d1").get()
        assert loop.time() - began == pytest.approx(2)
        with pytest.raises(RequestTimeoutError):
            await baseten.model("m1").deployment("d1").get()
        assert loop.time() - began == pytest.approx(32)


@pytest.mark.parametrize("options", [{"retry": False}, {"read_timeout": "soon"}])
def test_invalid_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        Baseten(api_key="key").with_options(**options)


async def test_a_client_with_options_is_neither_entered_nor_closed() -> None:
    async with Baseten(api_key="key") as baseten:
        with pytest.raises(ConfigurationError):
            await baseten.with_options().aclose()
        with pytest.raises(ConfigurationError):
            await baseten.with_options().__aenter__()


# --- life ---------------------------------------------------------------------------------------


async def test_a_client_that_was_not_entered_refuses_calls() -> None:
    with pytest.raises(ConfigurationError):
        await Baseten(api_key="key").chain("c").deployment("d").get()


async def test_a_client_is_entered_once() -> None:
    async with Baseten(api_key="key") as baseten:
        with pytest.raises(ConfigurationError):
            await baseten.__aenter__()


async def test_a_closed_client_refuses_calls_and_may_be_closed_again() -> None:
    async with Baseten(api_key="key") as baseten:
        await baseten.aclose()
    with pytest.raises(ConfigurationError):
        await baseten.chain("c").deployment("d").get()


def test_another_event_loop_is_refused() -> None:
    baseten = Baseten(api_key="key", base_url=LOOPBACK)

    async def enter() -> None:
        await baseten.__aenter__()

    async def use() -> None:
        with pytest.raises(ConfigurationError):
            await baseten.chain("c").deployment("d").get()

    asyncio.run(enter())
    asyncio.run(use())


async def test_another_thread_is_refused() -> None:
    caught: list[BaseException] = []

    async with Baseten(api_key="key", base_url=LOOPBACK) as baseten:

        def use() -> None:
            try:
                asyncio.run(baseten.chain("c").deployment("d").get())
            except ConfigurationError as error:
                caught.append(error)

        thread = threading.Thread(target=use)
        thread.start()
        await asyncio.to_thread(thread.join)

    assert len(caught) == 1


@pytest.mark.looptime
async def test_closing_ends_requests_and_waits_with_an_error(fake: FakeBaseten) -> None:
    furnish(fake)
    fake.faults.hang(times=1, route="GET /v1/models/{model_id}/environments/{env_name}")

    async with fake.client() as baseten:
        request = asyncio.create_task(baseten.model("m1").environment("production").get())
        wait = asyncio.create_task(baseten.model("m1").deployment("slow").wait_until_active())
        await asyncio.sleep(5)

    for task in (request, wait):
        with pytest.raises(ConfigurationError):
            await task
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.looptime
async def test_closing_twice_at_once_returns_when_the_client_is_closed(fake: FakeBaseten) -> None:
    """A request that hangs gets five seconds to finish over a client of the caller's."""
    furnish(fake)
    fake.faults.hang()
    http = httpx.AsyncClient(transport=fake.transport())

    async with http, Baseten(api_key="test-key", http_client=http) as baseten:
        call = asyncio.create_task(baseten.model("m1").deployment("d1").get())
        await asyncio.sleep(1)
        closed_at = await asyncio.gather(*(_closed_at(baseten) for _ in range(3)))

    assert closed_at == pytest.approx([6.1] * 3, abs=0.01)
    assert isinstance(await settled(call), ConfigurationError)


@pytest.mark.looptime
async def test_closing_again_returns_although_the_first_closing_was_cancelled(
    fake: FakeBaseten,
) -> None:
    furnish(fake)
    fake.faults.hang()
    http = httpx.AsyncClient(transport=fake.transport())

    async with http, Baseten(api_key="test-key", http_client=http) as baseten:
        call = asyncio.create_task(baseten.model("m1").deployment("d1").get())
        await asyncio.sleep(1)
        first = asyncio.create_task(baseten.aclose())
        second = asyncio.create_task(_closed_at(baseten))
        await asyncio.sleep(1)
        first.cancel()

        assert await second == pytest.approx(2)
    assert isinstance(await settled(call), ConfigurationError)


@pytest.mark.parametrize("is_busy", [False, True])
async def test_a_client_is_not_closed_from_another_thread(fake: FakeBaseten, is_busy: bool) -> None:
    furnish(fake)
    if is_busy:
        fake.faults.hang()
    caught: list[BaseException] = []

    async with fake.serve() as url, Baseten(api_key="test-key", base_url=url) as baseten:
        deployment = baseten.model("m1").deployment("d1")
        call = asyncio.create_task(deployment.get())
        while not fake.requests:  # noqa: ASYNC110 - the fake does not announce requests
            await asyncio.sleep(0.001)

        def close() -> None:
            try:
                asyncio.run(baseten.aclose())
            except ConfigurationError as error:
                caught.append(error)

        await asyncio.to_thread(close)
        assert len(caught) == 1
        assert (await deployment.get()).id == "d1", "the client is open"
        call.cancel()
        await asyncio.wait([call])


@pytest.mark.looptime
async def test_a_call_whose_task_other_code_cancels_ends_with_a_transport_error(
    fake: FakeBaseten,
) -> None:
    """A framework that cancels all tasks may reach ours."""
    furnish(fake)
    fake.faults.hang(times=None)

    async with fake.client(retry=RetryPolicy(attempts=1)) as baseten:
        before = asyncio.all_tasks()
        call = asyncio.create_task(baseten.model("m1").deployment("d1").get())
        await asyncio.sleep(1)
        for task in asyncio.all_tasks() - before - {call}:
            task.cancel()

        error = await settled(call)
    assert isinstance(error, TransportError)
    assert error.sent


@pytest.mark.looptime
async def test_a_wait_goes_on_when_other_code_cancels_its_look(fake: FakeBaseten) -> None:
    furnish(fake)
    fake.faults.hang()

    async with fake.client() as baseten:
        before = asyncio.all_tasks()
        wait = asyncio.create_task(baseten.model("m1").deployment("d1").wait_until_active())
        await asyncio.sleep(1)
        for task in asyncio.all_tasks() - before - {wait}:
            task.cancel()

        assert (await wait).id == "d1"
    first, second = (one.at for one in fake.requests[:2])
    assert second - first >= 2, "it pauses, as after any trouble"


@pytest.mark.looptime
async def test_a_http_client_of_the_callers_stays_open(fake: FakeBaseten) -> None:
    furnish(fake)

    async with httpx.AsyncClient(transport=fake.transport(), headers={"x-mine": "1"}) as http:
        async with Baseten(api_key="test-key", http_client=http) as baseten:
            await baseten.model("m1").deployment("d1").get()
        assert not http.is_closed
        assert "authorization" not in http.headers


@pytest.mark.looptime
@pytest.mark.parametrize("reads", [True, False])
async def test_a_hook_that_raises_on_refusals_is_overruled(fake: FakeBaseten, reads: bool) -> None:
    """The page of httpx about hooks begins with one. A wait would die of the first 502."""
    furnish(fake)

    async def refuse(response: httpx.Response) -> None:
        if reads:
            await response.aread()
        response.raise_for_status()

    hooks = {"response": [refuse]}
    async with (
        httpx.AsyncClient(transport=fake.transport(), event_hooks=hooks) as http,
        Baseten(api_key="test-key", http_client=http) as baseten,
    ):
        with pytest.raises(NotFoundError) as caught:
            await baseten.model("m1").deployment("nowhere").get()
        fake.faults.status(502, times=1)
        live = await baseten.model("m1").deployment("d1").wait_until_active()

    assert live.id == "d1"
    assert bool(caught.value.message) is reads


@pytest.mark.looptime
async def test_a_closed_http_client_of_the_callers_is_an_error(fake: FakeBaseten) -> None:
    furnish(fake)
    http = httpx.AsyncClient(transport=fake.transport())

    async with Baseten(api_key="test-key", http_client=http) as baseten:
        deployment = baseten.model("m1").deployment("d1")
        await deployment.get()
        await http.aclose()
        for use in (deployment.get, deployment.wait_until_active):
            with pytest.raises(ConfigurationError):
                await use()


async def test_nothing_is_left_open_after_real_connections(fake: FakeBaseten) -> None:
    furnish(fake)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        async with (
            fake.serve() as url,
            Baseten(api_key="test-key", base_url=url) as baseten,
        ):
            deployment = baseten.model("m1").deployment("d1")
            await asyncio.gather(*(deployment.get() for _ in range(30)))
        gc.collect()

    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_a_retry_policy_pickles() -> None:
    policy = RetryPolicy(attempts=2, total=timedelta(seconds=9))

    assert pickle.loads(pickle.dumps(policy)) == policy
