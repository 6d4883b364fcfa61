"""The options of waits: their types and bounds, and which wait takes which."""

from __future__ import annotations

import inspect
import math
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, get_args, get_type_hints

import attrs
import pytest

from aiobaseten import (
    Baseten,
    Cancellation,
    ChainDeploymentHandle,
    ChainPromotion,
    Guard,
    ModelDeploymentHandle,
    ModelPromotion,
    RetryPolicy,
    WaitOptions,
    check,
    error_rate,
)
from aiobaseten.errors import BasetenError, ConfigurationError
from aiobaseten.options import (
    DEFAULT_TIMEOUT_S,
    SETTLING_TIME_S,
    UNHEALTHY_GRACE_S,
    CancellationOptions,
    DeploymentOptions,
    ModelDeploymentOptions,
    OnPaused,
    PromotionOptions,
    wait_options,
)
from aiobaseten.testing import FakeBaseten

from .story import deployment, promote, set_up

KINDS = [CancellationOptions, DeploymentOptions, ModelDeploymentOptions, PromotionOptions]
TAKEN = {
    "timeout",
    "settling_time",
    "unhealthy_grace",
    "accept_scaled_to_zero",
    "wake",
    "on_paused",
    "log_lines",
}
NO_DURATIONS = [-1, 10**400, math.nan, math.inf, "60", True, timedelta(seconds=-1), [1]]
NO_BOOLEANS = ["false", "true", 0, 1, None, ""]
WRONG: dict[str, list[Any]] = {
    "timeout": NO_DURATIONS,
    "settling_time": [*NO_DURATIONS, None],
    "unhealthy_grace": [*NO_DURATIONS, None],
    "accept_scaled_to_zero": NO_BOOLEANS,
    "wake": NO_BOOLEANS,
    "on_paused": ["ignore", "RAISE", None, True, 1, ["wait"]],
    "log_lines": [-1, 1001, True, 2.5, "5", None],
}
RIGHT: dict[str, list[tuple[Any, Any]]] = {
    "timeout": [(0, 0.0), (1.5, 1.5), (timedelta(minutes=1), 60.0), (None, math.inf)],
    "settling_time": [(0, 0.0), (timedelta(minutes=1), 60.0)],
    "unhealthy_grace": [(0, 0.0), (timedelta(minutes=1), 60.0)],
    "accept_scaled_to_zero": [(True, True), (False, False)],
    "wake": [(True, True), (False, False)],
    "on_paused": [("wait", "wait"), ("raise", "raise")],
    "log_lines": [(0, 0), (1, 1), (1000, 1000)],
}


def table(values: dict[str, list[Any]]) -> list[Any]:
    return [
        pytest.param(name, value, id=f"{name}={value!r}")
        for name, each in values.items()
        for value in each
    ]


def test_the_tables_of_these_tests_know_every_option() -> None:
    fields = {field.name for field in attrs.fields(WaitOptions)}

    assert fields == TAKEN == WRONG.keys() == RIGHT.keys()


@pytest.mark.parametrize(("name", "value"), table(WRONG))
def test_an_option_of_the_wrong_type_or_size_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=rf"^{name} must be "):
        WaitOptions(**{name: value})


@pytest.mark.parametrize(("name", "values"), table(RIGHT))
def test_a_valid_option_is_stored_in_one_form(name: str, values: tuple[Any, Any]) -> None:
    given, stored = values

    value = getattr(WaitOptions(**{name: given}), name)

    assert (value, type(value)) == (stored, type(stored))


def test_the_defaults_are_those_of_the_reference() -> None:
    assert WaitOptions() == WaitOptions(
        timeout=3600,
        settling_time=120,
        unhealthy_grace=300,
        accept_scaled_to_zero=False,
        wake=False,
        on_paused="wait",
        log_lines=0,
    )
    assert (DEFAULT_TIMEOUT_S, SETTLING_TIME_S, UNHEALTHY_GRACE_S) == (3600, 120, 300)


def test_wake_and_accept_scaled_to_zero_exclude_each_other() -> None:
    with pytest.raises(ConfigurationError, match=r"^wake=True and accept_scaled_to_zero=True "):
        WaitOptions(wake=True, accept_scaled_to_zero=True)


# --- which wait takes which ----------------------------------------------------------------------


def test_the_options_of_all_waits_are_the_fields_of_wait_options() -> None:
    options = {name for kind in KINDS for name in get_type_hints(kind)}

    assert options == {field.name for field in attrs.fields(WaitOptions)}


def test_an_option_has_the_same_type_for_a_caller_of_each_wait_and_of_wait_options() -> None:
    """The parameter of a converter has the type that callers pass."""
    fields = {field.name: field for field in attrs.fields(WaitOptions)}
    for kind in KINDS:
        for name, hint in get_type_hints(kind).items():
            converter = fields[name].converter
            assert callable(converter), name
            assert get_type_hints(converter)["value"] == hint, (kind.__name__, name)


def test_the_choices_of_on_paused_are_those_of_its_type() -> None:
    assert {given for given, _ in RIGHT["on_paused"]} == set(get_args(OnPaused))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_option_that_a_wait_does_not_take_is_a_type_error_that_names_those_it_takes(
    kind: type[CancellationOptions],
) -> None:
    taken = sorted(get_type_hints(kind))

    for name in TAKEN - set(taken) | {"timeoutt"}:
        given: Any = {name: True}
        with pytest.raises(TypeError, match=f"'{name}'") as caught:
            wait_options(given, kind)
        assert str(caught.value).endswith(", ".join(taken))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_option_that_a_wait_takes_reaches_wait_options(
    kind: type[CancellationOptions],
) -> None:
    for name in get_type_hints(kind):
        given, stored = RIGHT[name][0]
        options: Any = {name: given}
        assert getattr(wait_options(options, kind), name) == stored


WAITS: list[tuple[Callable[..., Any], type]] = [
    (ModelPromotion.wait, PromotionOptions),
    (ChainPromotion.wait, PromotionOptions),
    (Cancellation.wait, CancellationOptions),
    (ModelDeploymentHandle.wait_until_active, ModelDeploymentOptions),
    (ChainDeploymentHandle.wait_until_active, DeploymentOptions),
]


@pytest.mark.parametrize(("method", "kind"), WAITS, ids=lambda one: one.__qualname__)
def test_each_wait_describes_its_options_by_name(method: Callable[..., Any], kind: type) -> None:
    text = inspect.getdoc(method) or ""

    for name in get_type_hints(kind):
        assert f"``{name}``" in text


# --- before any I/O ------------------------------------------------------------------------------


@pytest.mark.looptime
@pytest.mark.parametrize(("name", "value"), table(WRONG))
async def test_a_wrong_option_is_refused_before_anything_is_sent(
    fake: FakeBaseten, baseten: Baseten, name: str, value: Any
) -> None:
    set_up(fake, "model", "DEPLOYING")
    promotion = await promote(baseten, "model")
    cancellation = await promotion.cancel()
    waits: dict[type, Any] = {
        PromotionOptions: promotion,
        CancellationOptions: cancellation,
        ModelDeploymentOptions: deployment(baseten, "model"),
        DeploymentOptions: deployment(baseten, "chain"),
    }
    sent = len(fake.requests)

    for kind, waited in waits.items():
        if name not in get_type_hints(kind):
            continue
        wait = getattr(waited, "wait", None) or waited.wait_until_active
        with pytest.raises(ConfigurationError, match=rf"^{name} "):
            await wait(**{name: value})
        with pytest.raises(ConfigurationError, match=rf"^{name} "):
            waited.events(**{name: value})

    assert len(fake.requests) == sent


@pytest.mark.looptime
async def test_an_unknown_option_is_refused_before_anything_is_sent(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model")
    promotion = await promote(baseten, "model")
    sent = len(fake.requests)

    with pytest.raises(TypeError, match="'wake'"):
        await promotion.wait(wake=True)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="'wake'"):
        promotion.events(wake=True)  # type: ignore[call-arg]

    assert len(fake.requests) == sent


# --- other options -------------------------------------------------------------------------------


@pytest.mark.parametrize("attempts", [0, -1, 1.5, "4", True, None])
def test_a_number_of_attempts_is_a_whole_number_from_one_up(attempts: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^attempts must be "):
        RetryPolicy(attempts=attempts)


@pytest.mark.parametrize("duration", [*NO_DURATIONS, None])
@pytest.mark.parametrize("name", ["first_delay", "max_delay", "total", "max_retry_after"])
def test_a_duration_of_a_retry_policy_is_zero_or_more_seconds(name: str, duration: Any) -> None:
    with pytest.raises(ConfigurationError, match=rf"^{name} must be "):
        RetryPolicy(**{name: duration})


# --- long values ---------------------------------------------------------------------------------

LONG: Any = "x" * 1_000_000


@pytest.mark.looptime
@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.model("m").environment("e").promote("d", if_in_progress=LONG),
        lambda client: client.model("m").environment("e").promote("d", before_sending=LONG),
        lambda client: client.model("m").environment("e").update(autoscaling_settings={LONG: 1}),
        lambda client: (
            client.model("m").environment("e").update(autoscaling_settings={"max_replica": LONG})
        ),
        lambda client: client.model("m").deployment("d").rename(LONG),
        lambda client: client.model("m").deployment("d").metrics([LONG]),
        lambda client: client.find_model(LONG),
        lambda client: client.resume(LONG),
    ],
)
async def test_an_error_quotes_the_beginning_and_the_end_of_a_long_value(
    baseten: Baseten, call: Callable[[Baseten], Awaitable[object]]
) -> None:
    with pytest.raises(BasetenError) as caught:
        await call(baseten)

    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    "make",
    [
        lambda: WaitOptions(on_paused=LONG),
        lambda: WaitOptions(wake=LONG),
        lambda: Guard(error_rate(at_most=0.1), hold=LONG),
        lambda: Guard(check(LONG, LONG)),
        lambda: Guard.from_dict({"checks": [], LONG: 1}),
        lambda: Baseten(api_key="k", transport=LONG),
        lambda: Baseten(api_key="k", base_url=LONG),
        lambda: RetryPolicy(attempts=LONG),
    ],
)
def test_an_invalid_setting_of_any_length_has_a_short_message(make: Callable[[], object]) -> None:
    with pytest.raises(BasetenError) as caught:
        make()

    assert len(str(caught.value)) < 1000
