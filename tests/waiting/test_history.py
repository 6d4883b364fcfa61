"""The history of statuses."""

from __future__ import annotations

import pickle

from aiobaseten._waiting import History
from aiobaseten.errors import Seen


def test_each_status_has_its_start_and_its_known_duration() -> None:
    log = History()

    log.note(("deployment", "d1"), "BUILDING", 0)
    log.note(("deployment", "d1"), "BUILDING", 5)
    log.note(("deployment", "d1"), "ACTIVE", 9)

    assert log.seen() == (
        Seen(subject="deployment", name="d1", status="BUILDING", since=0, seconds=5),
        Seen(subject="deployment", name="d1", status="ACTIVE", since=9, seconds=0),
    )


def test_the_first_status_has_no_previous_one() -> None:
    log = History()

    (first,) = log.note(("deployment", "d1"), "BUILDING", 0)
    (second,) = log.note(("deployment", "d1"), "ACTIVE", 5)

    assert (first.previous, second.previous) == (None, "BUILDING")


def test_statuses_of_all_subjects_are_in_the_order_of_their_start() -> None:
    log = History()

    log.note(("deployment", "d1"), "DEPLOYING", 0)
    log.note(("chainlet", "One"), "BUILDING", 1)
    log.note(("chainlet", "One"), "ACTIVE", 2)
    log.note(("deployment", "d1"), "ACTIVE", 3)

    assert [(seen.name, seen.status) for seen in log.seen()] == [
        ("d1", "DEPLOYING"),
        ("One", "BUILDING"),
        ("One", "ACTIVE"),
        ("d1", "ACTIVE"),
    ]


def test_only_the_newest_500_statuses_are_kept() -> None:
    """A deployment that restarts for days must not fill the memory."""
    log = History()

    for at in range(2000):
        log.note(("deployment", "d1"), "UNHEALTHY" if at % 2 else "LOADING_MODEL", at)

    assert [seen.since for seen in log.seen()] == list(range(1500, 2000))
    assert len(pickle.dumps(log)) < 2 * len(pickle.dumps(log.seen()))


def test_a_history_pickles() -> None:
    log = History()
    log.note(("deployment", "d1"), "BUILDING", 0)

    assert pickle.loads(pickle.dumps(log.seen())) == log.seen()
