"""Which of the things that the API lists has a name."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from aiobaseten._finding import not_found, one_meant, one_named
from aiobaseten.errors import AmbiguousNameError, NameNotFoundError
from aiobaseten.schemas import Model

NOON = datetime(2026, 1, 2, 12, 30, tzinfo=UTC)


def model(model_id: str, name: str, team: str = "Search") -> Model:
    return Model(
        id=model_id,
        created_at=NOON,
        name=name,
        deployments_count=1,
        production_deployment_id=None,
        development_deployment_id=None,
        instance_type_name="1x4",
        team_name=team,
    )


RANKERS = [model("aaaa1111", "ranker"), model("bbbb2222", "ranker", "Ads"), model("c3", "Ranker")]


def test_only_the_exact_name_counts() -> None:
    found = one_named("model", "Ranker", RANKERS)

    assert found is not None
    assert found.id == "c3"


def test_a_team_decides_between_equal_names() -> None:
    found = one_named("model", "ranker", RANKERS, team="Ads")

    assert found is not None
    assert found.id == "bbbb2222"


@pytest.mark.parametrize("team", [None, "Search"])
def test_an_ambiguous_name_has_all_its_candidates(team: str | None) -> None:
    twins = [model("aaaa1111", "ranker"), model("bbbb2222", "ranker"), model("c3", "Ranker")]
    with pytest.raises(AmbiguousNameError) as caught:
        one_named("model", "ranker", twins, team=team)

    assert caught.value.name == "ranker"
    assert [one.id for one in caught.value.candidates] == ["aaaa1111", "bbbb2222"]


@pytest.mark.parametrize(
    ("name", "similar"),
    [("RANKER", ("ranker", "Ranker")), ("rankr", ("ranker", "Ranker")), ("zebra", ())],
)
def test_a_name_that_nothing_has_comes_with_similar_ones(
    name: str, similar: tuple[str, ...]
) -> None:
    error = not_found("model", name, RANKERS)

    assert (error.name, error.similar) == (name, similar)


def test_values_of_another_type_are_no_names() -> None:
    odd = Model.from_dict({"id": "a", "name": None, "created_at": "then", "team_name": 7})

    assert one_named("model", "x", [odd]) is None
    assert not_found("model", "x", [odd]).similar == ()


def test_both_errors_can_be_copied_and_pickled() -> None:
    missing = not_found("model", "rankr", RANKERS)
    with pytest.raises(AmbiguousNameError) as caught:
        one_named("model", "ranker", RANKERS)

    for error in (missing, caught.value):
        for other in (copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
            assert isinstance(other, NameNotFoundError | AmbiguousNameError)
            assert (str(other), vars(other)) == (str(error), vars(error))


def pushed(number: int, name: str, **changed: Any) -> SimpleNamespace:
    """A deployment that was made on the day with that number, and is no development deployment."""
    made = NOON + timedelta(days=number)
    fields = {"id": f"d{number}", "name": name, "created_at": made, "is_development": False}
    return SimpleNamespace(**{**fields, **changed})


def test_the_newest_that_is_certainly_a_push_is_the_latest() -> None:
    copy_of_first, draft = "v1-1764120000", {"is_development": True}
    listed = [pushed(1, "v1"), pushed(3, "v3"), pushed(2, copy_of_first), pushed(4, "dev", **draft)]

    assert one_meant("deployment", "latest", listed) is listed[1]


@pytest.mark.parametrize(
    ("listed", "candidates"),
    [
        (
            [pushed(1, "a"), pushed(2, "a-20261102010101"), pushed(3, "a-20261103020202")],
            ["d3", "d2", "d1"],
        ),
        ([pushed(0, "v0"), pushed(2, "v2"), pushed(3, "v1-1764120000")], ["d3", "d2"]),
        ([pushed(1, "v1"), pushed(2, "v2.1764120000")], ["d2", "d1"]),
        ([pushed(1, "v1-1764120000")], ["d1"]),
        ([pushed(1, "v1"), pushed(2, "dev", is_development=None)], ["d2", "d1"]),
        ([pushed(1, "v1"), pushed(2, "dev", is_development="true")], ["d2", "d1"]),
        ([pushed(1, "v1"), pushed(2, "")], ["d2", "d1"]),
        ([pushed(1, "v1"), pushed(2, "v2", created_at=None)], ["d2", "d1"]),
        ([pushed(1, "v1"), pushed(2, "v2", created_at=datetime(2026, 1, 1))], ["d2", "d1"]),
        ([pushed(1, "v1"), pushed(2, "v2", created_at=NOON + timedelta(days=1))], ["d1", "d2"]),
    ],
    ids=[
        "names with dates",
        "a copy without its source",
        "a copy with a point",
        "a copy alone",
        "perhaps a draft",
        "a word for a draft",
        "no name",
        "no time",
        "no time zone",
        "equally new",
    ],
)
def test_the_latest_is_never_a_guess(listed: list[SimpleNamespace], candidates: list[str]) -> None:
    with pytest.raises(AmbiguousNameError) as caught:
        one_meant("deployment", "latest", listed)

    assert [one.id for one in caught.value.candidates] == candidates
