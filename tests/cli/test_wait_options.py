"""Each flag of each command reaches the wait, or is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Literal

import attrs
import pytest

from aiobaseten import (
    Baseten,
    Cancellation,
    ChainDeploymentHandle,
    ChainEnvironmentHandle,
    ChainPromotion,
    ModelDeploymentHandle,
    ModelEnvironmentHandle,
    ModelPromotion,
    Token,
    WaitOptions,
)
from aiobaseten.cli import main
from aiobaseten.cli._commands import execute
from aiobaseten.cli._flags import WAIT_FLAGS, flag_name, option_names
from aiobaseten.cli._outcomes import Outcome
from aiobaseten.cli._waits import interrupt
from aiobaseten.events import Event, Finished
from aiobaseten.options import (
    CancellationOptions,
    DeploymentOptions,
    ModelDeploymentOptions,
    PromotionOptions,
)
from aiobaseten.testing import FakeBaseten

from .command import furnish, run_of

pytestmark = pytest.mark.looptime


def token(
    kind: Literal["chain promotion", "model promotion", "cancellation"],
    resource_id: str,
    deployment_id: str,
    previous_id: str,
) -> str:
    """A token of a promotion to production, or of its cancellation."""
    return Token(
        kind=kind,
        resource_id=resource_id,
        environment_name="production",
        deployment_id=deployment_id,
        previous_id=previous_id,
    ).dump()


CHAIN = token("chain promotion", "c", "stuck", "old")
MODEL = token("model promotion", "m", "stuck", "old")
CANCELLATION = token("cancellation", "m", "stuck", "old")
# Promotions that are finished: a rollback promotes the deployment stuck.
FINISHED_CHAIN = token("chain promotion", "c", "old", "stuck")
FINISHED_MODEL = token("model promotion", "m", "old", "stuck")

# Each command that waits, and the options of its wait.
WAITS: dict[str, type[CancellationOptions]] = {
    "promote chain c new --to production --wait": PromotionOptions,
    "promote model m new --to production --wait": PromotionOptions,
    f"wait {CHAIN}": PromotionOptions,
    f"wait {MODEL}": PromotionOptions,
    f"wait {CANCELLATION}": CancellationOptions,
    "wait chain c new": DeploymentOptions,
    "wait model m new": ModelDeploymentOptions,
    f"rollback {FINISHED_CHAIN} --wait": PromotionOptions,
    f"rollback {FINISHED_MODEL} --wait": PromotionOptions,
    "cancel model m production --wait": CancellationOptions,
    f"cancel {MODEL} --wait": CancellationOptions,
}
# An argument for each option, and its value in Python, which is not the default.
ARGUMENTS: dict[str, tuple[str, Any]] = {
    "timeout": ("90", 90.0),
    "settling_time": ("30s", 30.0),
    "unhealthy_grace": ("10m", 600.0),
    "accept_scaled_to_zero": ("", True),
    "wake": ("", True),
    "on_paused": ("fail", "raise"),
    "log_lines": ("7", 7),
}
NAMES = [option.name for option in attrs.fields(WaitOptions)]


def cases(*, taken: bool) -> list[Any]:
    """Each command with each option that its wait takes, or does not take."""
    return [
        pytest.param(line, name, id=f"{line.replace('abt2.', '')[:18]} {kind.__name__} {name}")
        for line, kind in WAITS.items()
        for name in NAMES
        if (name in option_names(kind)) is taken
    ]


@pytest.fixture
async def client(fake: FakeBaseten) -> AsyncIterator[Baseten]:
    furnish(fake)
    async with fake.client() as client:
        yield client


@pytest.fixture
def options_seen(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The options that reached waits, which then end immediately."""
    seen: list[dict[str, Any]] = []

    def events(_: object, **options: Any) -> AsyncGenerator[Event, None]:
        seen.append(options)
        return finished()

    async def finished() -> AsyncGenerator[Event, None]:
        yield Finished(at=0.0, result=None, error=None)

    for waited in (
        ChainPromotion,
        ModelPromotion,
        Cancellation,
        ChainDeploymentHandle,
        ModelDeploymentHandle,
    ):
        monkeypatch.setattr(waited, "events", events)
    return seen


def test_every_option_of_a_wait_has_a_flag() -> None:
    assert WAIT_FLAGS.keys() == set(NAMES) == ARGUMENTS.keys()


@pytest.mark.parametrize(("line", "name"), cases(taken=True))
async def test_a_flag_reaches_the_wait(
    fake: FakeBaseten,
    client: Baseten,
    options_seen: list[dict[str, Any]],
    line: str,
    name: str,
) -> None:
    if line.startswith("cancel"):
        fake.model("m").environment("production").promote("stuck")
    argument, value = ARGUMENTS[name]

    ending = await execute(run_of(client, f"{line} {flag_name(name)} {argument}"))

    assert ending.outcome is Outcome.DONE
    assert options_seen == [{name: value}]
    assert getattr(WaitOptions(**{name: value}), name) == value != getattr(WaitOptions(), name)


@pytest.mark.parametrize(("line", "name"), cases(taken=False))
def test_a_flag_that_the_wait_does_not_take_is_refused(
    line: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    argument, _ = ARGUMENTS[name]

    with pytest.raises(SystemExit) as ended:
        main(f"{line} {flag_name(name)} {argument}".split())

    assert ended.value.code == 2
    assert flag_name(name) in capsys.readouterr().err


@pytest.mark.parametrize("line", WAITS)
async def test_without_flags_the_library_decides(
    fake: FakeBaseten, client: Baseten, options_seen: list[dict[str, Any]], line: str
) -> None:
    if line.startswith("cancel"):
        fake.model("m").environment("production").promote("stuck")

    await execute(run_of(client, line))

    assert options_seen == [{}]


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ("chain c", {}),
        ("chain c --if-in-progress fail", {"if_in_progress": "raise"}),
        ("model m --if-in-progress adopt", {"if_in_progress": "adopt"}),
        (
            "chain c --if-in-progress wait --in-progress-timeout none",
            {"if_in_progress": "wait", "in_progress_timeout": None},
        ),
        ("chain c --no-scale-down-previous-deployment", {"scale_down_previous_deployment": False}),
        ("model m --scale-down-previous-deployment", {"scale_down_previous_deployment": True}),
        ("model m --preserve-env-instance-type", {"preserve_env_instance_type": True}),
    ],
)
async def test_the_flags_of_promote_reach_the_library(
    client: Baseten, monkeypatch: pytest.MonkeyPatch, arguments: str, options: dict[str, Any]
) -> None:
    kind, resource_id, *flags = arguments.split()
    seen: list[dict[str, Any]] = []

    async def promote(_: object, deployment_id: str, **options: Any) -> object:
        del options["before_sending"]  # always there: it keeps the token
        seen.append(options)
        return await client.resume(CHAIN if kind == "chain" else MODEL)

    for handle in (ChainEnvironmentHandle, ModelEnvironmentHandle):
        monkeypatch.setattr(handle, "promote", promote)

    line = " ".join(["promote", kind, resource_id, "new", "--to", "production", *flags])
    await execute(run_of(client, line))

    assert seen == [options]


CANCELS = [
    "promote model m stuck --to production --wait",
    f"wait {MODEL}",
    f"rollback {FINISHED_MODEL} --wait",
]


def started(fake: FakeBaseten, line: str) -> None:
    """Start the promotion that a command continues."""
    if line.startswith("wait"):
        fake.model("m").environment("production").promote("stuck")


def status(fake: FakeBaseten) -> str | None:
    promotion = fake.model("m").environment("production").promotion
    return None if promotion is None else promotion.status


@pytest.mark.parametrize("line", CANCELS, ids=["promote", "wait", "rollback"])
async def test_every_wait_for_a_promotion_cancels_it_on_timeout(
    fake: FakeBaseten, client: Baseten, line: str
) -> None:
    started(fake, line)

    ending = await execute(run_of(client, f"{line} --timeout 5 --cancel-on-timeout"))

    assert ending.outcome is Outcome.TIMED_OUT
    assert status(fake) == "CANCELED"


@pytest.mark.parametrize("line", CANCELS, ids=["promote", "wait", "rollback"])
async def test_every_wait_for_a_promotion_cancels_it_on_ctrl_c(
    fake: FakeBaseten, client: Baseten, line: str
) -> None:
    started(fake, line)
    run = run_of(client, f"{line} --cancel-on-interrupt")
    task = asyncio.create_task(execute(run))
    await asyncio.sleep(5)
    task.cancel()
    await asyncio.wait({task})

    ending = await interrupt(run, Outcome.INTERRUPTED)

    assert ending.outcome is Outcome.INTERRUPTED
    assert status(fake) == "CANCELED"
