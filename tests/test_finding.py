"""Which of the things that the API lists has a name."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime

import pytest

from aiobaseten._finding import not_found, one_named
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
