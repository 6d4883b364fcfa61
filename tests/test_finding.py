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


def test_an_ambiguous_name_lists_ids_teams_and_times_of_creation() -> None:
    with pytest.raises(AmbiguousNameError) as caught:
        one_named("model", "ranker", RANKERS)

    sentence = str(caught.value)
    assert "aaaa1111 of team 'Search', created 2026-01-02 12:30 UTC" in sentence
    assert "bbbb2222 of team 'Ads', created 2026-01-02 12:30 UTC" in sentence
    assert "pass team=" in sentence
    assert caught.value.name == "ranker"
    assert [one.id for one in caught.value.candidates] == ["aaaa1111", "bbbb2222"]


def test_a_name_that_is_ambiguous_within_a_team_asks_for_the_id() -> None:
    with pytest.raises(AmbiguousNameError) as caught:
        one_named("model", "ranker", [model("a", "ranker"), model("b", "ranker")], team="Search")

    assert "team=" not in str(caught.value)
    assert ".model('a')" in str(caught.value)


def test_a_long_list_of_candidates_is_cut_in_the_message_alone() -> None:
    with pytest.raises(AmbiguousNameError) as caught:
        one_named("model", "x", [model(f"m{number:02}", "x") for number in range(12)])

    assert "m09 of" in str(caught.value)
    assert "m10 of" not in str(caught.value)
    assert "and 2 more" in str(caught.value)
    assert len(caught.value.candidates) == 12


@pytest.mark.parametrize(
    ("name", "similar"),
    [("RANKER", ("ranker", "Ranker")), ("rankr", ("ranker", "Ranker")), ("zebra", ())],
)
def test_a_name_that_nothing_has_comes_with_similar_ones(
    name: str, similar: tuple[str, ...]
) -> None:
    error = not_found("model", name, RANKERS)

    assert error.similar == similar
    assert ("Similar names: " in str(error)) is bool(similar)


def test_an_id_that_is_looked_for_as_a_name_is_recognized() -> None:
    assert "It is the id of one: use .model('aaaa1111')" in str(
        not_found("model", "aaaa1111", RANKERS)
    )


def test_a_name_that_only_other_teams_have_names_them() -> None:
    error = not_found("model", "ranker", RANKERS, team="Maps")

    assert "in team 'Maps'. Other teams have one: Ads, Search" in str(error)


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
