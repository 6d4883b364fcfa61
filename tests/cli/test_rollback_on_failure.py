"""promote --rollback-on-failure: what is ours is taken back, what is somebody else's stays."""

from __future__ import annotations

import asyncio

import pytest

from aiobaseten import Baseten
from aiobaseten.cli._commands import execute
from aiobaseten.cli._jobs import Ending
from aiobaseten.cli._outcomes import Outcome
from aiobaseten.cli._waits import interrupt
from aiobaseten.testing import Behaviour, FakeBaseten

from .command import furnish, run_of

pytestmark = pytest.mark.looptime

LOOK = "GET /v1/models/m/environments/production"
CANCEL = "POST /v1/models/m/environments/production/cancel_promotion"


@pytest.fixture
def fake() -> FakeBaseten:
    fake = FakeBaseten()
    furnish(fake)
    return fake


async def promoted(baseten: Baseten, kind: str, deployment: str, options: str = "") -> Ending:
    """The ending of a promotion that is taken back if it fails."""
    name = "m" if kind == "model" else "c"
    line = f"promote {kind} {name} {deployment} --to production --wait --rollback-on-failure"
    return await execute(run_of(baseten, f"{line} {options}"))


def writes(fake: FakeBaseten) -> list[str]:
    """The requests that change something, in short."""
    return [one.path.rpartition("/")[2] for one in fake.requests if one.method == "POST"]


def serving(fake: FakeBaseten, kind: str) -> str:
    """The deployment that serves."""
    owner = fake.model("m") if kind == "model" else fake.chain("c")
    current = owner.environment("production").current
    assert current is not None
    return current.id


@pytest.mark.parametrize("kind", ["chain", "model"])
async def test_a_failure_that_left_nothing_behind_needs_no_request(
    fake: FakeBaseten, baseten: Baseten, kind: str
) -> None:
    ending = await promoted(baseten, kind, "broken")

    assert ending.outcome is Outcome.ROLLED_BACK
    assert ending.title == "failed, serves as before"
    assert writes(fake) == ["promote"]
    assert serving(fake, kind) == "old"


@pytest.mark.parametrize("options", ["--timeout 5m", "--on-paused fail"])
async def test_a_promotion_that_still_runs_is_cancelled_and_its_end_awaited(
    fake: FakeBaseten, baseten: Baseten, options: str
) -> None:
    deployment = "stuck" if "timeout" in options else "other"
    if deployment == "other":
        fake.at(70, fake.model("m").environment("production").pause)

    ending = await promoted(baseten, "model", deployment, options)

    assert ending.outcome is Outcome.ROLLED_BACK
    assert ending.title == "cancelled"
    assert writes(fake) == ["promote", "cancel_promotion"]
    assert serving(fake, "model") == "old"
    assert ending.job is not None
    assert ending.job.task == "cancellation"


@pytest.mark.parametrize("acts", [True, False])
@pytest.mark.parametrize("options", ["", "--cancel-on-timeout"])
async def test_a_lost_response_to_the_cancel_is_settled_by_the_environment_and_the_log(
    fake: FakeBaseten, baseten: Baseten, options: str, *, acts: bool
) -> None:
    fake.faults.reset(route=CANCEL, acts=acts)
    line = "promote model m stuck --to production --wait --timeout 5m"

    ending = await execute(run_of(baseten, f"{line} {options or '--rollback-on-failure'}"))

    assert ending.outcome is (Outcome.TIMED_OUT if options else Outcome.ROLLED_BACK)
    assert writes(fake) == ["promote", *["cancel_promotion"] * (1 if acts else 2)]
    promotion = fake.model("m").environment("production").promotions[-1]
    assert promotion.status == "CANCELED"
    assert ending.job is not None
    assert ending.job.task == "cancellation"


async def test_a_late_effect_of_a_cancel_whose_response_is_lost_is_seen_in_the_audit_log() -> None:
    fake = FakeBaseten(behaviour=Behaviour(cancel_seen_after=20.0))
    furnish(fake)
    fake.faults.reset(route=CANCEL, acts=True)

    async with fake.client() as baseten:
        ending = await promoted(baseten, "model", "stuck", "--timeout 5m")

    assert ending.outcome is Outcome.ROLLED_BACK
    assert writes(fake) == ["promote", "cancel_promotion"]


async def test_a_cancel_that_never_arrives_is_given_up(fake: FakeBaseten, baseten: Baseten) -> None:
    fake.faults.status(503, times=None, route=CANCEL)

    ending = await promoted(baseten, "model", "stuck", "--timeout 5m")

    assert ending.outcome is Outcome.TIMED_OUT
    assert writes(fake) == ["promote", *["cancel_promotion"] * 3]
    assert any("aiobaseten cancel abt" in one for one in ending.hints)


@pytest.mark.parametrize("timeout", [200, 110])
async def test_a_promotion_that_succeeds_before_the_cancel_takes_effect_is_rolled_back(
    timeout: int,
) -> None:
    fake = FakeBaseten(behaviour=Behaviour(cancel_seen_after=200.0))
    furnish(fake)
    fake.model("m").deployment("slow", on_promote=[("DEPLOYING", float(timeout - 100)), "ACTIVE"])

    async with fake.client() as baseten:
        ending = await promoted(baseten, "model", "slow", f"--timeout {timeout}")

    assert writes(fake) == ["promote", "cancel_promotion", "promote"]
    if timeout == 200:
        assert (ending.outcome, ending.title) == (Outcome.ROLLED_BACK, "rolled back")
        assert serving(fake, "model") == "old"
    else:  # the rollback takes longer than that, and to undo it would be to promote the failure
        assert ending.outcome is Outcome.TIMED_OUT
        assert any(one.startswith("to continue:  aiobaseten wait abt") for one in ending.hints)
        assert not any("rollback" in one or "cancel" in one for one in ending.hints)


async def test_a_roll_forward_of_a_colleague_after_the_cancel_stays(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    environment = fake.model("m").environment("production")
    fake.at(115, environment.force_roll_forward)

    ending = await promoted(baseten, "model", "other", "--timeout 100s")

    assert ending.outcome is Outcome.TIMED_OUT
    assert writes(fake) == ["promote", "cancel_promotion"]
    assert serving(fake, "model") == "other"


@pytest.mark.parametrize(
    ("moment", "hint"),
    [
        ("the cancel", "to roll back, after its end:"),
        ("the rollback", "to roll back, after its end:"),
        ("the wait for the cancel", "to continue:"),
    ],
)
async def test_a_signal_while_it_is_taken_back_says_what_is_known(
    fake: FakeBaseten, baseten: Baseten, moment: str, hint: str
) -> None:
    timeout = 100
    if moment == "the cancel":
        fake.faults.hang(route=CANCEL)
    elif moment == "the rollback":
        timeout = 300
        fake.faults.hang(route=CANCEL.replace("cancel_promotion", "promote"), after=1)
        fake.faults.status(503, route=LOOK, after=1, lasting=301)
    line = "promote model m other --to production --wait --rollback-on-failure --timeout"
    run = run_of(baseten, f"{line} {timeout}")

    task = asyncio.create_task(execute(run))
    await asyncio.sleep(timeout + 10)
    assert len(writes(fake)) == (3 if moment == "the rollback" else 2)
    task.cancel()
    await asyncio.wait({task})
    ending = await interrupt(run, Outcome.TERMINATED)

    assert ending.outcome is Outcome.TERMINATED
    assert "deployment other" in ending.message
    assert ending.hints[0].startswith(hint) or ending.hints[1].startswith(hint)
    assert (ending.job is not None) is (hint == "to continue:")


async def test_a_signal_during_the_rollback_after_a_cancel_that_came_too_late_names_both() -> None:
    fake = FakeBaseten(behaviour=Behaviour(cancel_seen_after=200.0))
    furnish(fake)
    fake.model("m").deployment("slow", on_promote=[("DEPLOYING", 100.0), "ACTIVE"])
    fake.faults.hang(route=CANCEL.replace("cancel_promotion", "promote"), after=1)
    line = "promote model m slow --to production --wait --rollback-on-failure --timeout 200"

    async with fake.client() as baseten:
        run = run_of(baseten, line)
        task = asyncio.create_task(execute(run))
        while len(writes(fake)) < 3:  # noqa: ASYNC110 - the fake tells nobody about its requests
            await asyncio.sleep(5)
        task.cancel()
        await asyncio.wait({task})
        ending = await interrupt(run, Outcome.TERMINATED)

    assert writes(fake) == ["promote", "cancel_promotion", "promote"]
    assert ending.job is None
    assert any(one.startswith("to roll back, after its end:") for one in ending.hints)


async def test_one_late_look_does_not_pass_for_an_environment_that_serves_as_before() -> None:
    """The new deployment serves, and one server still shows the time before the promotion."""
    fake = FakeBaseten(behaviour=Behaviour(replica_lags=(0.0, 30.0), replica_order="alternating"))
    furnish(fake)
    fake.chain("c").deployment("quick", on_promote=[("DEPLOYING", 3.0), "ACTIVE"])
    fake.faults.status(503, route=LOOK.replace("models/m", "chains/c"), after=1, lasting=12)

    async with fake.client() as baseten:
        ending = await promoted(baseten, "chain", "quick", "--timeout 10")

    assert "Nothing had to be taken back" not in ending.message


async def test_a_cancel_that_does_not_end_in_time_advises_no_rollback() -> None:
    """Baseten refuses to promote while the promotion that is cancelled still runs."""
    fake = FakeBaseten(behaviour=Behaviour(cancel_seen_after=9000.0))
    furnish(fake)

    async with fake.client() as baseten:
        ending = await promoted(baseten, "model", "stuck", "--timeout 5m")

    assert ending.outcome is Outcome.TIMED_OUT
    assert "has not ended in time" in ending.message
    assert any(one.startswith("to continue:") for one in ending.hints)
    assert not any("rollback" in one for one in ending.hints)


async def test_a_promotion_that_has_ended_unseen_is_rolled_back(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    fake.faults.status(503, route=LOOK, after=1, lasting=605)

    ending = await promoted(baseten, "model", "other", "--timeout 10m")

    assert ending.outcome is Outcome.ROLLED_BACK
    assert [one for one in writes(fake) if one == "promote"] == ["promote", "promote"]
    assert serving(fake, "model") == "old"


@pytest.mark.parametrize("theirs", ["stuck", "new"])
async def test_a_release_of_a_colleague_stays(
    fake: FakeBaseten, baseten: Baseten, theirs: str
) -> None:
    environment = fake.model("m").environment("production")
    # Ours has ended by then, and no look shows any of it.
    fake.at(300, lambda: environment.promote(theirs))
    fake.faults.status(503, route=LOOK, after=1, lasting=605)

    ending = await promoted(baseten, "model", "other", "--timeout 10m")

    assert ending.outcome is Outcome.TIMED_OUT
    assert writes(fake) == ["promote"]
    assert any("history model m production" in one for one in ending.hints)
    assert environment.promotions[-1].candidate.id == theirs
    assert serving(fake, "model") == ("other" if theirs == "stuck" else "new")


async def test_a_chain_that_still_runs_cannot_be_taken_back_and_the_ending_says_how_later(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    ending = await promoted(baseten, "chain", "stuck", "--timeout 5m")

    assert ending.outcome is Outcome.TIMED_OUT
    assert writes(fake) == ["promote"]
    assert any("aiobaseten rollback abt" in one for one in ending.hints)
    assert any("aiobaseten wait abt" in one for one in ending.hints)


async def test_a_refusal_to_cancel_keeps_the_failure(fake: FakeBaseten, baseten: Baseten) -> None:
    fake.faults.status(403, times=None, route=LOOK.replace("GET", "POST") + "/cancel_promotion")

    ending = await promoted(baseten, "model", "stuck", "--timeout 5m")

    assert ending.outcome is Outcome.TIMED_OUT
    assert serving(fake, "model") == "old"
    assert any("aiobaseten cancel abt" in one for one in ending.hints)


async def test_taking_back_that_does_not_end_in_time_keeps_the_failure_and_its_token(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    fake.at(302, lambda: fake.faults.status(503, route=LOOK, lasting=3000))

    ending = await promoted(baseten, "model", "stuck", "--timeout 5m")

    assert ending.outcome is Outcome.TIMED_OUT
    assert writes(fake) == ["promote", "cancel_promotion"]
    assert ending.job is not None
    assert ending.job.task == "cancellation"
    assert any(f"aiobaseten wait {ending.job.token}" in one for one in ending.hints)


async def test_a_token_goes_on_with_the_flag(fake: FakeBaseten, baseten: Baseten) -> None:
    run = run_of(baseten, "promote model m stuck --to production --wait --timeout 1m")
    late = await execute(run)
    assert run.job is not None
    token = run.job.token

    ending = await execute(run_of(baseten, f"wait {token} --rollback-on-failure --timeout 1m"))

    assert late.outcome is Outcome.TIMED_OUT
    assert ending.outcome is Outcome.ROLLED_BACK
    assert serving(fake, "model") == "old"
