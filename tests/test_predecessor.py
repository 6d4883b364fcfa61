"""Which deployment served before the current one: decided from literals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from aiobaseten._audit_log import Act, AuditEntry, AuditPage, read_audit_page
from aiobaseten._predecessor import (
    ListedDeployment,
    Predecessor,
    Unknown,
    find_in_audit_log,
    find_in_list,
    read_deployments,
)

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
Json = dict[str, Any]


def entry(line: str) -> AuditEntry:
    """An entry, such as ``promoted a`` or ``cancelled b``; ``?`` for an unknown deployment."""
    act, _, deployment_id = line.rpartition(" ")
    known = None if deployment_id == "?" else deployment_id
    return AuditEntry(act=Act(act), deployment_id=known, name=known)


def log(*lines: str) -> list[AuditEntry]:
    """Entries as a page has them, from lines that begin with the oldest."""
    return [entry(line if " " in line else f"promoted {line}") for line in reversed(lines)]


def listed(*ids: str, failed: str = "", environment: str = "") -> dict[str, ListedDeployment]:
    """Deployments, each a day younger than the one before, whose names are their ids.

    Args:
        ids: All of them.
        failed: Those that have failed.
        environment: Those that belong to production.
    """
    return {
        one: ListedDeployment(
            id=one,
            name=one,
            created=NEW_YEAR + timedelta(days=day),
            environment="production" if one in environment.split() else None,
            can_have_served=one not in failed.split(),
        )
        for day, one in enumerate(ids)
    }


def in_log(entries: list[AuditEntry], current: str, **options: str) -> Predecessor | Unknown:
    """Look in the log; every deployment that it names exists."""
    named = {one.deployment_id for one in entries if one.deployment_id}
    return find_in_audit_log(entries, current, listed(*sorted(named | {current}), **options))


# --- in the audit log ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entries", "current", "previous"),
    [
        pytest.param(log("a", "b"), "b", "a", id="two"),
        pytest.param(log("a", "b", "c"), "c", "b", id="three"),
        pytest.param(log("a", "b", "a"), "a", "b", id="after a rollback"),
        pytest.param(log("a", "b", "b"), "b", "a", id="promoted twice"),
        pytest.param(log("a", "b", "cancelled b", "c"), "c", "a", id="cancelled"),
        pytest.param(
            log("a", "b", "cancelled b", "rolled forward b", "c"), "c", "b", id="forward after all"
        ),
        pytest.param(
            log("a", "b", "rolled forward b", "cancelled b", "c"), "c", "a", id="cancelled at last"
        ),
        pytest.param(
            log("a", "b", "c", "cancelled b", "d"), "d", "c", id="somebody else's cancellation"
        ),
        pytest.param(log("a", "b", "cancelled b", "b", "c"), "c", "b", id="cancelled, then again"),
        pytest.param(
            log("a", "b", "b.1767225600"), "b.1767225600", "a", id="a copy of what it replaced"
        ),
        pytest.param(log("a", "b.1767225600", "b"), "b", "a", id="a copy of it served before it"),
        pytest.param(
            log("a", "b", "b.1767225600", "b.1767225601"), "b.1767225601", "a", id="two copies"
        ),
        pytest.param(
            log("a", "b.1767225600", "b.1767225601"),
            "b.1767225601",
            "b.1767225600",
            id="times in names that a person chose",
        ),
        pytest.param(log("a", "b"), "b.1767225600", "a", id="the log names the source"),
        pytest.param(log("a", "b", "cancelled b.1767225600", "c"), "c", "a", id="a cancelled copy"),
        pytest.param(
            log("a", "b-1767225600", "cancelled b", "c"), "c", "a", id="a cancelled source"
        ),
        pytest.param(log("a", "b.1", "b.2"), "b.2", "b.1", id="versions in names"),
    ],
)
def test_the_promotion_before_the_current_one_is_found(
    entries: list[AuditEntry], current: str, previous: str
) -> None:
    found = in_log(entries, current)

    assert found == Predecessor(deployment_id=previous, source="the audit log")


def test_a_cancel_that_may_have_been_too_late_leaves_open_what_served_before() -> None:
    """The second promotion of "b" was cancelled, and "b" serves all the same."""
    found = in_log(log("a", "b", "c", "b", "cancelled b"), "b")

    assert isinstance(found, Unknown)
    assert found.is_final


def test_a_deployment_that_has_failed_does_not_count() -> None:
    found = in_log(log("a", "broken", "b"), "b", failed="broken")

    assert isinstance(found, Predecessor)
    assert found.deployment_id == "a"


def test_a_copy_that_failed_later_does_not_count_against_its_source() -> None:
    """The log names the copy itself, so that the entry of "b" is not about it."""
    failed = "b.1767225600"

    found = in_log(log("a", "b", failed, "c"), "c", failed=failed)
    unnamed = find_in_audit_log(
        log("a", "b", "b", "c"), "c", listed("a", "b", failed, "c", failed=failed)
    )

    assert found == Predecessor(deployment_id="b", source="the audit log")
    assert isinstance(unnamed, Unknown)


@pytest.mark.parametrize(
    ("entries", "failed", "newer"),
    [
        (log("a", "b"), "", None),
        (log("a", "b", "c"), "", "c"),
        (log("a", "b", "c", "cancelled c"), "", None),
        (log("a", "b", "c"), "c", None),
        (log("a", "b", "?"), "", "?"),
        (log("a", "b", "a"), "", "a"),
    ],
    ids=["no newer one", "a newer one", "cancelled", "failed", "unreadable", "of the one before"],
)
def test_a_newer_promotion_that_may_be_live_by_now_is_told(
    entries: list[AuditEntry], failed: str, newer: str | None
) -> None:
    found = in_log(entries, "b", failed=failed)

    told = None if newer is None else entry(f"promoted {newer}")
    assert found == Predecessor(deployment_id="a", source="the audit log", newer=told)


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        (log(), "the audit log does not show the promotion of b"),
        (log("a"), "the audit log does not show the promotion of b"),
        (log("b"), "the audit log shows no promotion before that of b"),
        (log("b", "b"), "the audit log shows no promotion before that of b"),
        (log("a", "cancelled a", "b"), "the audit log shows no promotion before that of b"),
        (
            log("a", "?", "b"),
            "an entry of the audit log does not name its deployment and environment",
        ),
    ],
    ids=["empty", "another", "first", "itself", "only cancelled", "unreadable"],
)
def test_a_log_that_does_not_tell_says_why(entries: list[AuditEntry], reason: str) -> None:
    assert in_log(entries, "b") == Unknown(reason)


def test_names_from_a_log_alone_that_differ_in_their_times_leave_room_for_doubt() -> None:
    """Of chain deployments, no list shows names. A person may have chosen these."""
    entries = log("a", "b.1767225600", "b.1767225601")
    ids = {one.deployment_id for one in entries if one.deployment_id}
    deployments = {key: evolve(one, name=None) for key, one in listed(*ids).items()}

    found = find_in_audit_log(entries, "b.1767225601", deployments)

    assert isinstance(found, Unknown)
    assert found.is_final


def test_no_older_deployment_takes_the_place_of_one_that_was_deleted() -> None:
    found = find_in_audit_log(log("a", "gone", "b"), "b", listed("a", "b"))

    reason = "deployment gone, which was promoted before, does not exist any more"
    assert found == Unknown(reason, is_final=True)


# --- in the list of deployments ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "failed", "previous"),
    [
        ("a b d", "", "b"),
        ("a b d", "b", "a"),
        ("b d e", "e", "b"),
    ],
    ids=["the newest", "failed", "a newer one failed"],
)
def test_the_newest_older_deployment_of_the_environment_is_found(
    environment: str, failed: str, previous: str
) -> None:
    deployments = listed("a", "b", "c", "d", "e", environment=environment, failed=failed)

    found = find_in_list("production", "d", deployments)

    assert found == Predecessor(deployment_id=previous, source="the list of deployments")


@pytest.mark.parametrize("current", ["b", "b.1767225600", "b.1767225601"])
def test_the_deployments_of_the_same_release_do_not_count(current: str) -> None:
    deployments = listed(
        "a", "b", "b.1767225600", "b.1767225601", environment="a b b.1767225600 b.1767225601"
    )

    found = find_in_list("production", current, deployments)

    assert found == Predecessor(deployment_id="a", source="the list of deployments")


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ("a", "the list of deployments does not show b in the environment"),
        ("b", "the list of deployments shows no other one in the environment"),
        (
            "a b c",
            "the list of deployments shows c in the environment, too, which is not older than b",
        ),
    ],
    ids=["not in it", "alone", "a newer one"],
)
def test_a_list_that_does_not_tell_says_why(environment: str, reason: str) -> None:
    deployments = listed("a", "b", "c", environment=environment)

    assert find_in_list("production", "b", deployments) == Unknown(reason)


# --- from JSON -----------------------------------------------------------------------------------


def item(event: str, day: int = 1, **data: object) -> Json:
    """An entry of the API's."""
    return {
        "id": "e",
        "created": f"2026-09-{day:02}T10:00:00Z",
        "event_type": event,
        "event_data": {"environment_name": "production", **data},
        "actor": {"type": "USER"},
    }


def page(*items: Json, cursor: str | None = None) -> Json:
    """A page of the API's."""
    pagination = {"has_more": cursor is not None, "cursor": cursor}
    return {"items": list(items), "pagination": pagination}


@pytest.mark.parametrize(
    ("one", "act"),
    [
        (item("MODEL_DEPLOYMENT_PROMOTED", deployment_id="d", deployment_name="n"), Act.PROMOTED),
        (item("MODEL_DEPLOYED", deployment_id="d", deployment_name="n"), Act.PROMOTED),
        (
            item("CHAIN_DEPLOYMENT_PROMOTED", chain_deployment_id="d", chain_deployment_name="n"),
            Act.PROMOTED,
        ),
        *(
            (
                item(
                    "MODEL_PROMOTION_CONTROL_ACTION",
                    deployment_id="d",
                    deployment_name="n",
                    action=action,
                ),
                act,
            )
            for action, act in [
                ("GRACEFUL_CANCEL", Act.CANCELLED),
                ("FORCE_CANCEL", Act.CANCELLED),
                ("FORCE_ROLL_FORWARD", Act.ROLLED_FORWARD),
                ("PAUSE", Act.PAUSED),
                ("RESUME", Act.RESUMED),
            ]
        ),
    ],
)
def test_an_entry_about_a_promotion_is_read(one: Json, act: Act) -> None:
    read = read_audit_page(page(one), "production")

    assert read.entries == (AuditEntry(act=act, deployment_id="d", name="n"),)


@pytest.mark.parametrize(
    "one",
    [
        item("MODEL_DEPLOYMENT_PROMOTED", deployment_id="d", environment_name="staging"),
        item("MODEL_DEPLOYED", deployment_id="d", environment_name=None),
        item("MODEL_PROMOTION_CONTROL_ACTION", deployment_id="d", action="STARE"),
        item("A_NEW_EVENT", deployment_id="d"),
        item("MODEL_DEPLOYMENT_PROMOTED") | {"event_data": "a new payload"},
        item("MODEL_DEPLOYMENT_PROMOTED") | {"event_type": 7},
    ],
    ids=["elsewhere", "no environment", "new action", "new event", "new payload", "not a word"],
)
def test_an_entry_about_anything_else_is_left_out(one: Json) -> None:
    assert read_audit_page(page(one), "production").entries == ()


@pytest.mark.parametrize(
    "one",
    [
        item("MODEL_DEPLOYMENT_PROMOTED"),
        item("MODEL_DEPLOYMENT_PROMOTED", deployment_id=7),
        item("MODEL_DEPLOYMENT_PROMOTED", deployment_id="d", environment_name=None),
    ],
    ids=["missing", "a number", "no environment"],
)
def test_a_promotion_of_an_unknown_deployment_is_kept_as_such(one: Json) -> None:
    assert read_audit_page(page(one), "production").entries == (
        AuditEntry(act=Act.PROMOTED, deployment_id=None),
    )


@pytest.mark.parametrize(
    ("pagination", "cursor"),
    [
        ({"has_more": True, "cursor": "c"}, "c"),
        ({"has_more": False, "cursor": "c"}, None),
        ({"has_more": True, "cursor": None}, None),
        ({"has_more": True, "cursor": ""}, None),
        ({}, None),
        (None, None),
    ],
)
def test_the_cursor_is_that_of_the_next_page(pagination: object, cursor: str | None) -> None:
    read = read_audit_page({"items": [], "pagination": pagination}, "production")

    assert read == AuditPage(entries=(), cursor=cursor)


def test_a_page_that_begins_with_the_oldest_entry_does_not_fit() -> None:
    older = item("MODEL_DEPLOYMENT_PROMOTED", 1, deployment_id="a")
    newer = item("MODEL_DEPLOYMENT_PROMOTED", 2, deployment_id="b")

    assert len(read_audit_page(page(newer, older), "production").entries) == 2
    with pytest.raises(ValueError, match="newest"):
        read_audit_page(page(older, newer), "production")


def test_a_time_that_is_not_known_is_no_order() -> None:
    odd = item("MODEL_DEPLOYMENT_PROMOTED", deployment_id="a")
    when = ["2026-09-02T10:00:00Z", "yesterday", None, "2026-09-01T10:00:00"]

    read = read_audit_page(page(*(odd | {"created": one} for one in when)), "production")

    assert len(read.entries) == 4


def model_deployment(status: str, **fields: object) -> Json:
    """A deployment of a model, as the API lists it."""
    return {
        "id": "d",
        "name": "n",
        "created_at": "2026-01-01T00:00:00Z",
        "status": status,
        "environment": "production",
        "autoscaling_settings": {"min_replica": 0},
        **fields,
    }


@pytest.mark.parametrize(
    ("failed", "is_known"), [("", True), ("a-20260101000000", False)], ids=["served", "failed"]
)
def test_a_failed_deployment_made_from_the_one_before_leaves_room_for_doubt(
    failed: str, is_known: bool
) -> None:
    """The log may name the deployment that was asked for, or the one that was made from it."""
    deployments = listed("0", "a", "a-20260101000000", "b", failed=failed)

    found = find_in_audit_log(log("0", "a", "b"), "b", deployments)

    assert isinstance(found, Predecessor) is is_known
    if isinstance(found, Unknown):
        assert found.is_final


@pytest.mark.parametrize(
    ("status", "deployed", "can_have_served"),
    [
        ("ACTIVE", True, True),
        ("SCALED_TO_ZERO", True, True),
        ("INACTIVE", True, True),
        ("A_NEW_ONE", True, True),
        ("DEPLOY_FAILED", True, False),
        ("BUILD_STOPPED", False, False),
        ("BUILDING", False, False),
    ],
)
def test_a_deployment_that_failed_or_is_being_built_cannot_have_served(
    status: str, deployed: bool, can_have_served: bool
) -> None:
    missing = {} if deployed else {"autoscaling_settings": None}
    deployment = model_deployment(status, **missing)

    (read,) = read_deployments({"deployments": [deployment]}, has_chainlets=False).values()

    assert read == ListedDeployment(
        id="d",
        name="n",
        created=NEW_YEAR,
        environment="production",
        can_have_served=can_have_served,
    )


@pytest.mark.parametrize(("status", "can_have_served"), [("ACTIVE", True), ("FAILED", False)])
def test_a_chain_with_a_chainlet_that_failed_cannot_have_served(
    status: str, can_have_served: bool
) -> None:
    chainlet = {"id": "x", "name": "X", "status": status}
    chain = {"id": "d", "status": "ACTIVE", "environment": None, "chainlets": [chainlet]}

    (read,) = read_deployments({"deployments": [chain]}, has_chainlets=True).values()

    assert (read.name, read.created, read.can_have_served) == (None, None, can_have_served)
