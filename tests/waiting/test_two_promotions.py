"""Which entries of the audit log show that a promotion is over, or was made again. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aiobaseten._audit_log import Act, Actor, AuditEntry, Ourselves
from aiobaseten._waiting import is_over_since, promoted_again

BEGAN = 1_000_000.0
OURS, THEIRS, UNKNOWN = Actor(key_prefix="k1"), Actor(key_prefix="k2"), Actor()
ME = Ourselves(has_key=lambda prefix: prefix == "k1")


def entry(
    after: float | None,
    actor: Actor,
    *,
    target: str = "d2",
    act: Act = Act.PROMOTED,
    is_push: bool = False,
) -> AuditEntry:
    """An entry so many seconds after ours began; without a time if ``None``."""
    at = None if after is None else datetime.fromtimestamp(BEGAN + after, UTC)
    return AuditEntry(act=act, deployment_id=target, is_push=is_push, at=at, actor=actor)


MINE = entry(0, OURS)
# By name: the entries before ours, newest first; and whether d2 was promoted again.
CASES: dict[str, tuple[list[AuditEntry], bool]] = {
    "one entry": ([], False),
    "another person, later": ([entry(30, THEIRS)], True),
    "another person, by order": ([entry(None, THEIRS)], True),
    "another person, whose clock is behind": ([entry(-30, THEIRS)], True),
    "nobody knows who, later": ([entry(30, UNKNOWN)], True),
    "nobody knows who, at the same time": ([entry(5, UNKNOWN)], False),
    "nobody knows who or when": ([entry(None, UNKNOWN)], False),
    "our key, two minutes later": ([entry(120, OURS)], True),
    "our key, by a clock that is ahead": ([entry(30, OURS)], False),
    "from the future": ([entry(4000, OURS)], False),
    "another deployment": ([entry(30, THEIRS, target="d3")], False),
    "a push": ([entry(30, THEIRS, is_push=True)], False),
    "a cancel": ([entry(30, THEIRS, act=Act.CANCELLED)], False),
}


@pytest.mark.parametrize(("newer", "is_again"), CASES.values(), ids=CASES)
def test_order_authors_and_times_tell_whether_a_deployment_was_promoted_again(
    newer: list[AuditEntry], is_again: bool
) -> None:
    found = promoted_again([*newer, MINE], "d2", BEGAN, ME, BEGAN + 600)

    assert (found is not None) == is_again
    assert found is None or found is newer[0]


@pytest.mark.parametrize("after", [300.0, 3600.0, -3600.0])
def test_a_single_entry_is_ours_whatever_its_time(after: float) -> None:
    assert promoted_again([entry(after, OURS)], "d2", BEGAN, ME, BEGAN + 600) is None


def test_only_time_tells_whether_an_adopted_promotion_was_made_again() -> None:
    entries = [entry(60, THEIRS), entry(0, THEIRS), entry(-600, OURS)]

    assert promoted_again(entries, "d2", BEGAN, None, BEGAN + 600) is entries[0]
    assert promoted_again(entries[1:], "d2", BEGAN, None, BEGAN + 600) is None


def test_an_older_promotion_of_somebody_else_does_not_count() -> None:
    assert promoted_again([MINE, entry(-60, THEIRS)], "d2", BEGAN, ME, BEGAN + 600) is None
    assert promoted_again([entry(1, THEIRS), entry(-60, THEIRS)], "d2", BEGAN, ME, None) is None


AGAIN, PUSH = entry(100.5, THEIRS), entry(100.5, THEIRS, target="d3", is_push=True)
# By name: the entries before ours, newest first; and whether ours, which ran 100 s after it began,
# was over 10 s later.
OVER: dict[str, tuple[list[AuditEntry], bool]] = {
    "none": ([], False),
    "a cancel": ([entry(100, OURS, act=Act.CANCELLED)], True),
    "a cancel, and then a promotion": ([AGAIN, entry(100, OURS, act=Act.CANCELLED)], True),
    "a cancel by a clock that is behind": ([AGAIN, entry(99, OURS, act=Act.CANCELLED)], True),
    "a cancel before": ([entry(60, THEIRS), entry(50, OURS, act=Act.CANCELLED)], False),
    "a cancel without a time": ([AGAIN, entry(None, OURS, act=Act.CANCELLED)], False),
    "a cancel of another one": ([AGAIN, entry(100, OURS, target="d3", act=Act.CANCELLED)], False),
    "a clock that is ahead": ([entry(400, THEIRS), entry(390, OURS, act=Act.CANCELLED)], False),
    "a pause": ([entry(100, OURS, act=Act.PAUSED)], False),
    "a promotion": ([entry(109, THEIRS)], True),
    "a promotion before": ([entry(60, THEIRS)], False),
    "another deployment, by order": ([entry(None, THEIRS, target="d3")], True),
    "a push of another deployment": ([PUSH], False),
}


@pytest.mark.parametrize(("newer", "is_over"), OVER.values(), ids=OVER)
def test_order_and_times_tell_whether_a_promotion_is_over_though_a_newer_one_may_run(
    newer: list[AuditEntry], is_over: bool
) -> None:
    assert is_over_since([*newer, MINE], "d2", BEGAN + 100, BEGAN + 110) == is_over
