"""What a promotion would do, and possible problems. Nothing is sent."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from aiobaseten import Baseten, Guard, check, error_rate, plans
from aiobaseten.errors import ConfigurationError, NotFoundError
from aiobaseten.options import IfInProgress
from aiobaseten.plans import Facts, Plan, PlannedRequest, RollingPlan, decide
from aiobaseten.readings import read_deployment, read_environment
from aiobaseten.testing import FakeBaseten, timelines

pytestmark = pytest.mark.looptime


def deployment(deployment_id: str, status: str = "ACTIVE", **fields: Any) -> dict[str, Any]:
    known = {"id": deployment_id, "name": f"name of {deployment_id}", "status": status}
    return {**known, "active_replica_count": 2, "instance_type_name": "A10", **fields}


def plan(
    *,
    kind: Literal["chain", "model"] = "model",
    new: dict[str, Any] | None = None,
    settings: object = None,
    body: dict[str, Any] | None = None,
    if_in_progress: IfInProgress = "raise",
    guard: Guard | None = None,
    metrics_refused: str = "",
    **fields: Any,
) -> Plan:
    """The plan for promoting ``new`` to an environment in which ``old`` serves."""
    environment = {
        "name": "production",
        "current_deployment": deployment("old", active_replica_count=8),
        "autoscaling_settings": {"max_replica": 8},
        "instance_type": {"name": "A10"},
        "promotion_settings": settings,
        **fields,
    }
    promoted = deployment("new") if new is None else new
    is_chain = kind == "chain"
    return decide(
        Facts(
            kind=kind,
            resource_id="x",
            resource_name="ranker",
            team="Search",
            name="production",
            environment=read_environment(environment, lambda: None, has_chainlets=is_chain),
            environment_json=environment,
            deployment=read_deployment(promoted, lambda: None, has_chainlets=is_chain),
            deployment_json=promoted,
            key_owner="ada",
            request=PlannedRequest(method="POST", path="/p", body=body or {}),
            if_in_progress=if_in_progress,
            guard=guard,
            metrics_refused=metrics_refused,
        )
    )


def codes(found: Plan) -> list[str]:
    return [one.code for one in found.warnings]


ROLLING = {"rolling_deploy": True}


def test_a_plain_promotion_has_defaults_and_no_warning() -> None:
    found = plan()

    assert (found.rolling, found.ramp_s, found.least_s) == (None, None, 0)
    assert (found.cleanup, found.redeploys, found.warnings) == ("SCALE_TO_ZERO", False, ())
    assert not found.is_blocked


def test_a_rolling_promotion_shows_its_steps_with_defaults() -> None:
    config = {"stabilization_time_seconds": 60, "max_surge_percent": None}

    found = plan(settings={**ROLLING, "rolling_deploy_config": config})

    assert found.rolling == RollingPlan(
        max_surge_percent=25,
        max_unavailable_percent=0,
        stabilization_s=60,
        replica_overhead_percent=0,
    )
    assert found.least_s == 3 * 60  # after the last of four steps nothing is left to wait for
    one_replica: dict[str, Any] = {"current_deployment": deployment("old", active_replica_count=1)}
    assert plan(settings={**ROLLING, "rolling_deploy_config": config}, **one_replica).least_s == 0


@pytest.mark.parametrize("current", [{"active_replica_count": None}, {}])
def test_the_steps_are_not_known_if_the_replicas_are_not(current: dict[str, Any]) -> None:
    old = {"id": "old", "name": "old", "status": "ACTIVE", **current}

    found = plan(settings=ROLLING, guard=Guard(ERRORS), current_deployment=old)

    assert found.rolling is not None
    assert found.steps is None
    assert not found.warns_of("few_replicas")


async def passes() -> bool:
    return True


ERRORS, OWN = error_rate(at_most=0.02), check("own", passes, timeout=100)


@pytest.mark.parametrize(
    ("guard", "replicas", "steps", "least_s"),
    [
        (None, 8, 3, 3 * 630),
        (Guard(ERRORS), 8, 3, 3 * 630),
        (Guard(ERRORS), 3, 2, 2 * 630),
        (Guard(ERRORS, bake=900), 8, 3, 3 * 630 + 900),
        (Guard(ERRORS, bake=60), 8, 3, 3 * 630 + 540),  # it measures once
        # Without a step between, it is measured with all traffic.
        (Guard(ERRORS), 1, 0, 540),
        (Guard(OWN), 0, 0, 60),
    ],
)
def test_a_guarded_promotion_takes_the_time_of_its_measurements(
    guard: Guard | None, replicas: int, steps: int, least_s: float
) -> None:
    config = {"stabilization_time_seconds": 630}
    current = deployment("old", active_replica_count=replicas)
    found = plan(
        settings={**ROLLING, "rolling_deploy_config": config},
        guard=guard,
        current_deployment=current,
    )

    assert (found.steps, found.least_s) == (steps, least_s)
    assert found.warns_of("few_replicas") == (guard is not None and steps == 0)


def test_a_guarded_chain_is_measured_once_it_is_live() -> None:
    new = {"id": "new", "status": "ACTIVE", "chainlets": []}

    def least_s(**settings: Any) -> float:
        current = {**new, "id": "old"}
        given = Guard(OWN, **settings)
        return plan(kind="chain", guard=given, new=new, current_deployment=current).least_s

    assert (least_s(), least_s(bake=600)) == (60, 600)


def test_the_settings_of_this_promotion_win_over_those_of_the_environment() -> None:
    body = {
        "environment_settings_update": {"promotion_settings": {"rolling_deploy": True}},
        "promotion_settings_override": {
            "promotion_cleanup_strategy": "DEACTIVATE",
            "rolling_deploy_config": {"stabilization_time_seconds": 420},
        },
    }
    own = {
        "rolling_deploy": False,
        "promotion_cleanup_strategy": "KEEP",
        "rolling_deploy_config": {"max_surge_percent": 50, "stabilization_time_seconds": 1},
    }

    found = plan(settings=own, body=body)

    assert found.rolling is not None
    assert (found.rolling.max_surge_percent, found.rolling.stabilization_s) == (50, 420)
    assert found.cleanup == "DEACTIVATE"
    assert codes(found) == ["slow_rollback"]
    kept = plan(settings=own, body={**body, "scale_down_previous_deployment": False})
    assert (kept.cleanup, codes(kept)) == ("KEEP", [])


def test_a_setting_that_is_null_changes_nothing() -> None:
    body = {"promotion_settings_override": {"rolling_deploy": None}}

    assert plan(settings=ROLLING, body=body).rolling is not None


def test_replicas_that_may_be_missing_replace_extra_ones() -> None:
    found = plan(settings={**ROLLING, "rolling_deploy_config": {"max_unavailable_percent": 20}})

    assert found.rolling is not None
    assert (found.rolling.max_surge_percent, found.rolling.max_unavailable_percent) == (0, 20)


@pytest.mark.parametrize(
    ("body", "redeploys"),
    [
        ({}, True),
        ({"preserve_env_instance_type": True}, True),
        ({"preserve_env_instance_type": False}, False),
        ({"environment_settings_update": {"instance_type_id": "1x4"}}, None),
        ({"environment_settings_update": {"region": "eu"}}, None),
    ],
)
def test_another_instance_type_makes_a_new_deployment_unless_it_is_given_up(
    body: dict[str, Any], *, redeploys: bool | None
) -> None:
    assert plan(body=body, instance_type={"name": "H100"}).redeploys is redeploys


def test_a_chain_ramps_and_never_rolls() -> None:
    new = {"id": "new", "status": "ACTIVE", "chainlets": []}
    fields: dict[str, Any] = {"current_deployment": {**new, "id": "old"}}

    found = plan(
        kind="chain", new=new, settings={**ROLLING, "ramp_up_while_promoting": True}, **fields
    )

    assert (found.rolling, found.ramp_s, found.least_s) == (None, 600, 600)
    assert (found.deployment_name, found.redeploys) == (None, None)


PROMOTING = {
    "candidate_deployment": deployment("new", "DEPLOYING"),
    "in_progress_promotion": {"status": "RELEASING", "percent_traffic_to_new_version": 0},
}
OTHER = {**PROMOTING, "candidate_deployment": deployment("other", "DEPLOYING")}
PAUSED = {"status": "PAUSED", "percent_traffic_to_new_version": 25}


@pytest.mark.parametrize(
    ("given", "code", "blocks"),
    [
        ({"new": deployment("old")}, "already_serving", False),
        ({"new": deployment("new", "DEPLOYING")}, "deployment_not_active", False),
        ({"new": deployment("new", "SCALED_TO_ZERO")}, "deployment_not_active", False),
        ({"new": deployment("new", "INACTIVE")}, "deployment_not_active", False),
        ({"new": deployment("new", "BRAND_NEW")}, "deployment_not_active", False),
        ({"new": deployment("new", "BUILD_FAILED")}, "deployment_failed", True),
        ({"new": deployment("new", "BUILD_STOPPED")}, "deployment_failed", True),
        (
            {
                "kind": "chain",
                "if_in_progress": "adopt",
                "new": deployment("new", chainlets=[]),
                "current_deployment": deployment("old", chainlets=[]),
            },
            "may_be_serving",
            True,
        ),
        (PROMOTING, "promotion_in_progress", True),
        ({**PROMOTING, "if_in_progress": "adopt"}, "promotion_in_progress", False),
        ({**OTHER, "if_in_progress": "adopt"}, "promotion_in_progress", True),
        ({**OTHER, "if_in_progress": "wait"}, "promotion_in_progress", False),
        ({**OTHER, "if_in_progress": "send"}, "promotion_in_progress", True),
        # It would wait for ever.
        (
            {**OTHER, "in_progress_promotion": PAUSED, "if_in_progress": "wait"},
            "promotion_in_progress",
            True,
        ),
        (
            {"settings": ROLLING, "autoscaling_settings": {"max_replica": 3}},
            "few_replicas",
            False,
        ),
        ({"metrics_refused": "403"}, "metrics_refused", True),
        ({"settings": {"redeploy_on_promotion": True}}, "new_deployment", False),
        ({"instance_type": {"name": "H100"}}, "new_deployment", False),
        ({"current_deployment": None}, "no_previous", False),
        ({"settings": {"promotion_cleanup_strategy": "DEACTIVATE"}}, "slow_rollback", False),
    ],
)
def test_a_warning_has_a_stable_code(given: dict[str, Any], code: str, *, blocks: bool) -> None:
    found = plan(**given)

    assert codes(found) == [code]
    assert found.is_blocked is blocks


EARLY, LATE = {"created_at": "2026-01-01T00:00:00Z"}, {"created_at": "2026-01-02T00:00:00Z"}


@pytest.mark.parametrize(
    ("current", "new", "codes_shown"),
    [
        (EARLY, LATE, []),
        (EARLY, EARLY, []),
        (LATE, EARLY, ["may_be_serving"]),
        ({"created_at": "soon"}, LATE, ["may_be_serving"]),
    ],
)
def test_adopting_for_a_chain_goes_by_the_times(
    current: dict[str, str], new: dict[str, str], codes_shown: list[str]
) -> None:
    found = plan(
        kind="chain",
        if_in_progress="adopt",
        new=deployment("new", chainlets=[], **new),
        current_deployment=deployment("old", chainlets=[], **current),
    )

    assert codes(found) == codes_shown


@pytest.mark.parametrize("mode", ["raise", "adopt"])
@pytest.mark.parametrize("is_busy", [True, False])
@pytest.mark.parametrize(
    ("found", "is_ours"),
    [
        (deployment("new", name="v2"), True),
        (deployment("copy", name="v2-1764120000"), True),
        (deployment("other", name="v20-1764120000"), False),
    ],
    ids=["the same", "a copy", "another"],
)
def test_a_plan_says_what_would_be_adopted(
    found: dict[str, Any], mode: IfInProgress, *, is_ours: bool, is_busy: bool
) -> None:
    shown: dict[str, Any] = (
        {**PROMOTING, "candidate_deployment": found} if is_busy else {"current_deployment": found}
    )

    planned = plan(new=deployment("new", name="v2"), if_in_progress=mode, **shown)

    adopts = mode == "adopt" and is_ours
    assert planned.adopts_id == (found["id"] if adopts else None)
    assert planned.is_blocked is (is_busy and not adopts)
    assert planned.warns_of("already_serving") is (not is_busy and (adopts or found["id"] == "new"))


def test_a_copy_is_adopted_whatever_its_source_became() -> None:
    copy: dict[str, Any] = {
        **PROMOTING,
        "candidate_deployment": deployment("copy", name="v2-1764120000"),
    }

    planned = plan(new=deployment("new", "FAILED", name="v2"), if_in_progress="adopt", **copy)

    assert (codes(planned), planned.is_blocked) == (["promotion_in_progress"], False)


def test_every_code_has_a_test() -> None:
    parameters: Any = test_a_warning_has_a_stable_code
    tested = {one[1] for one in parameters.pytestmark[-1].args[1]}

    assert tested == set(plans.WarningCode.__args__)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "given",
    [
        {"settings": "soon"},
        {"settings": {"rolling_deploy": "yes", "promotion_cleanup_strategy": 7}},
        {"autoscaling_settings": None, "settings": {**ROLLING, "rolling_deploy_config": []}},
        {"instance_type": None, "settings": {"ramp_up_while_promoting": 1}},
        {"new": {"id": "new", "status": "ACTIVE", "name": 5, "active_replica_count": "many"}},
    ],
)
def test_fields_of_another_type_are_no_reason_to_fail(given: dict[str, Any]) -> None:
    assert plan(**given).warnings == ()


@pytest.fixture
def fake() -> FakeBaseten:
    fake = FakeBaseten()
    model, chain = fake.model("m", name="ranker", team="Search"), fake.chain("c", name="bot")
    for resource in (model, chain):
        resource.deployment("old")
        resource.deployment("new", on_promote=timelines.STUCK)
    model.environment("production", current="old", ramp=[(50, 60.0)])
    chain.environment("production", current="old")
    return fake


async def test_a_plan_sends_exactly_what_promote_would_and_changes_nothing(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    options: dict[str, Any] = {
        "scale_down_previous_deployment": False,
        "preserve_env_instance_type": True,
        "promotion_settings_override": {"rolling_deploy": True},
    }
    model = baseten.model("m").environment("production")
    chain = baseten.chain("c").environment("production")

    of_model = await model.plan("new", **options)
    of_chain = await chain.plan("new")

    assert {one.method for one in fake.requests} == {"GET"}
    assert (of_model.resource_name, of_model.team, of_model.deployment_name) == (
        "ranker",
        "Search",
        "new",
    )
    assert of_model.key_owner is not None
    assert (of_chain.kind, of_chain.current_id, of_chain.resource_name) == ("chain", "old", "bot")
    await model.promote("new", **options)
    await chain.promote("new")
    sent = [one for one in fake.requests if one.method == "POST"]
    for promised, one in zip((of_model, of_chain), sent, strict=True):
        assert (promised.request.path, promised.request.body) == (one.path, one.json)
    assert (await model.plan("new")).promoting_id == "new"


async def test_names_and_the_user_of_the_key_are_no_condition(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    fake.faults.hang(route="GET /v1/models/m")
    fake.faults.status(403, route="GET /v1/users/me")

    found = await baseten.model("m").environment("production").plan("new")

    assert (found.resource_name, found.key_owner, found.current_id) == (None, None, "old")


async def test_wrong_arguments_are_errors(fake: FakeBaseten, baseten: Baseten) -> None:
    production = baseten.model("m").environment("production")

    with pytest.raises(NotFoundError):
        await production.plan("nope")
    with pytest.raises(NotFoundError):
        await baseten.model("m").environment("nowhere").plan("new")
    for wrong in ({"if_in_progress": "hope"}, {"scale_down_previous_deployment": "no"}):
        with pytest.raises(ConfigurationError):
            await production.plan("new", **wrong)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError):
        await production.plan("../old")


@pytest.mark.parametrize("state", ["serves", "under way"])
async def test_promote_sends_nothing_where_a_plan_adopts(
    fake: FakeBaseten, baseten: Baseten, state: str
) -> None:
    environment = baseten.model("m").environment("production")
    word = "old" if state == "serves" else "new"
    if state == "under way":
        fake.model("m").environment("production").promote("new")

    planned = await environment.plan(word, if_in_progress="adopt")
    promotion = await environment.promote(word, if_in_progress="adopt")

    assert planned.adopts_id == promotion.deployment_id == word
    assert not planned.is_blocked
    assert {one.method for one in fake.requests} == {"GET"}
