"""Readings, from JSON."""

from __future__ import annotations

from typing import Any

import pytest

from aiobaseten import DeploymentReading, EnvironmentReading, Stage
from aiobaseten.readings import read_deployment, read_environment
from aiobaseten.schemas import ChainDeployment

AUTOSCALING = {
    "min_replica": 0,
    "max_replica": 1,
    "autoscaling_window": None,
    "scale_down_delay": None,
    "concurrency_target": 1,
    "target_utilization_percentage": None,
}
CREATED = "2026-01-01T00:00:00Z"


def chainlet(chainlet_id: str, name: str, status: str, *, deployed: bool = True) -> dict[str, Any]:
    return {
        "id": chainlet_id,
        "name": name,
        "status": status,
        "autoscaling_settings": AUTOSCALING if deployed else None,
        "instance_type_name": "1x4",
        "active_replica_count": 0,
    }


def chain(*chainlets: dict[str, Any], status: str = "ACTIVE") -> dict[str, Any]:
    return {
        "id": "d1",
        "created_at": CREATED,
        "chain_id": "c1",
        "environment": None,
        "chainlets": list(chainlets),
        "status": status,
    }


def of_chain(data: dict[str, Any]) -> DeploymentReading:
    return read_deployment(data, lambda: ChainDeployment.from_dict(data), has_chainlets=True)


def of_model(data: dict[str, Any]) -> DeploymentReading:
    return read_deployment(data, lambda: data, has_chainlets=False)


def of_environment(data: dict[str, Any], *, has_chainlets: bool) -> EnvironmentReading:
    return read_environment(data, lambda: data, has_chainlets=has_chainlets)


def test_a_chain_is_read_with_its_chainlets() -> None:
    reading = of_chain(chain(chainlet("a", "One", "ACTIVE"), status="WAKING_UP"))

    assert [(part.subject, part.name, part.status) for part in reading.parts] == [
        ("deployment", "d1", "WAKING_UP"),
        ("chainlet", "One", "ACTIVE"),
    ]


def test_a_status_is_read_as_plain_text_known_or_not() -> None:
    reading = of_chain(chain(status="HIBERNATING"))

    assert type(reading.parts[0].status) is str
    assert reading.parts[0].status == "HIBERNATING"


def test_chainlets_of_the_same_name_are_told_apart() -> None:
    """The API does not promise unique names, and two chainlets must not share a history."""
    reading = of_chain(
        chain(
            chainlet("a", "One", "ACTIVE"),
            chainlet("b", "Two", "ACTIVE"),
            chainlet("c", "One", "BUILDING"),
        )
    )

    assert [part.name for part in reading.parts] == ["d1", "One (a)", "Two", "One (c)"]


@pytest.mark.parametrize("deployed", [True, False])
def test_a_chain_has_been_deployed_when_all_its_chainlets_have(deployed: bool) -> None:
    reading = of_chain(
        chain(
            chainlet("a", "One", "SCALED_TO_ZERO"),
            chainlet("b", "Two", "SCALED_TO_ZERO", deployed=deployed),
        )
    )

    assert [part.deployed for part in reading.parts] == [deployed, True, deployed]


def test_a_field_that_an_environment_leaves_out_reads_like_null() -> None:
    """In older specs chains show no promotion."""
    reading = of_environment({"name": "production", "current_deployment": None}, has_chainlets=True)

    assert (reading.current, reading.candidate, reading.promotion) == (None, None, None)
    assert not reading.is_busy


def test_a_promotion_is_read_with_its_traffic_and_message() -> None:
    reading = of_environment(
        {
            "name": "production",
            "current_deployment": None,
            "candidate_deployment": None,
            "in_progress_promotion": {
                "status": "SHIFTING",
                "percent_traffic_to_new_version": 25,
                "error_message": "Nearly.",
            },
        },
        has_chainlets=False,
    )

    assert reading.promotion is not None
    assert type(reading.promotion.status) is str
    assert (reading.promotion.status, reading.promotion.percent) == ("SHIFTING", 25)
    assert reading.promotion.message == "Nearly."


def test_a_models_deployment_is_read_as_one_part() -> None:
    reading = of_model({"id": "d1", "status": "BUILDING", "autoscaling_settings": None})

    (part,) = reading.parts
    assert (part.name, part.status, part.deployed) == ("d1", "BUILDING", False)


@pytest.mark.parametrize(
    "misfit",
    [
        {"created_at": "yesterday"},
        {"created_at": None},
        {"chain_id": 7},
        {"environment": ["production"]},
        {"autoscaling_settings": "none"},
        {"labels": []},
    ],
    ids=str,
)
def test_a_field_that_no_wait_reads_disturbs_none(misfit: dict[str, Any]) -> None:
    reading = of_chain({**chain(chainlet("a", "One", "ACTIVE")), **misfit})

    assert [part.status for part in reading.parts] == ["ACTIVE", "ACTIVE"]


@pytest.mark.parametrize(
    "misfit",
    [{"id": 7}, {"id": None}, {"status": None}, {"status": 200}, {"chainlets": None}],
    ids=str,
)
def test_a_field_that_a_wait_decides_on_must_fit(misfit: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        of_chain({**chain(chainlet("a", "One", "ACTIVE")), **misfit})


def test_each_caller_gets_a_value_of_its_own() -> None:
    """One caller's change to a result must not show in another's."""
    reading = of_chain(chain(chainlet("a", "One", "ACTIVE")))

    assert reading.value == reading.value
    assert reading.value is not reading.value


# --- what follows from the parts -----------------------------------------------------------------


def of_statuses(*statuses: str) -> DeploymentReading:
    """A chain's deployment whose chainlets have these statuses."""
    named = zip("ABC", statuses, strict=False)
    return of_chain(chain(*(chainlet(name, name, status) for name, status in named)))


@pytest.mark.parametrize(
    ("statuses", "suspects"),
    [
        (("ACTIVE", "BUILD_FAILED", "LOADING_MODEL"), "B"),
        (("ACTIVE", "INACTIVE", "FAILED"), "BC"),
        (("ACTIVE", "LOADING_MODEL", "UNHEALTHY"), "BC"),
        (("ACTIVE", "ACTIVE"), "AB"),
        (("SOMETHING_NEW", "ACTIVE"), "A"),
    ],
)
def test_the_chainlets_to_suspect_are_those_that_failed_or_else_are_not_ready(
    statuses: tuple[str, ...], suspects: str
) -> None:
    assert [part.name for part in of_statuses(*statuses).suspects()] == [*suspects]


def test_a_model_is_its_own_suspect() -> None:
    reading = of_model({"id": "d1", "status": "BUILD_FAILED"})

    assert reading.suspects() == reading.parts
    assert reading.chainlets == ()


@pytest.mark.parametrize(
    ("statuses", "stage"),
    [
        (("LOADING_MODEL", "BUILDING"), Stage.BUILD),
        (("LOADING_MODEL", "DEPLOYING"), Stage.DEPLOY),
        (("ACTIVE", "LOADING_MODEL"), Stage.LOAD),
        (("ACTIVE", "ACTIVE"), Stage.IDLE),
    ],
)
def test_the_part_that_is_furthest_from_ready_decides_the_stage(
    statuses: tuple[str, ...], stage: Stage
) -> None:
    assert of_statuses(*statuses).stage is stage


def test_a_deployment_is_asleep_or_hopeless_if_any_part_is() -> None:
    assert of_statuses("ACTIVE", "SCALED_TO_ZERO").is_asleep
    assert not of_statuses("ACTIVE", "WAKING_UP").is_asleep
    assert of_statuses("ACTIVE", "BUILD_STOPPED").is_hopeless
    assert not of_statuses("ACTIVE", "UNHEALTHY").is_hopeless


def test_a_leftover_candidate_that_serves_by_now_is_no_promotion() -> None:
    serving = {"id": "d0", "status": "ACTIVE"}
    environment = {
        "name": "production",
        "current_deployment": serving,
        "candidate_deployment": serving,
        "in_progress_promotion": None,
    }

    assert not of_environment(environment, has_chainlets=False).is_busy


PROMOTION = {"percent_traffic_to_new_version": 0, "error_message": None}


@pytest.mark.parametrize(
    ("candidate", "promotion", "is_busy"),
    [
        (None, None, False),
        ("ACTIVE", None, True),
        ("BUILD_FAILED", None, False),
        ("ACTIVE", "RELEASING", True),
        (None, "RELEASING", True),
        ("ACTIVE", "CANCELED", False),
        (None, "SUCCEEDED", False),
        ("BUILD_FAILED", "FAILED", False),
        (None, "PAUSED", True),
        (None, "SOMETHING_NEW", True),
    ],
)
def test_an_environment_is_busy_while_a_promotion_runs(
    candidate: str | None, promotion: str | None, is_busy: bool
) -> None:
    reading = of_environment(
        {
            "name": "production",
            "current_deployment": {"id": "d0", "status": "ACTIVE"},
            "candidate_deployment": candidate and {"id": "d1", "status": candidate},
            "in_progress_promotion": promotion and {**PROMOTION, "status": promotion},
        },
        has_chainlets=False,
    )

    assert reading.is_busy is is_busy
    assert (reading.current_id, reading.candidate_id) == ("d0", "d1" if candidate else None)


@pytest.mark.parametrize("percent", [float("inf"), float("nan"), "25", True, None])
def test_a_percentage_that_is_no_number_does_not_fit(percent: object) -> None:
    """Python reads ``Infinity`` where JSON knows no such number."""
    environment = {
        "current_deployment": None,
        "in_progress_promotion": {"status": "PAUSED", "percent_traffic_to_new_version": percent},
    }

    with pytest.raises((TypeError, ValueError, OverflowError)):
        of_environment(environment, has_chainlets=False)
