"""Finding and listing chains, models and deployments by name, and the user of the key."""

from __future__ import annotations

import httpx
import pytest

from aiobaseten import Baseten
from aiobaseten.errors import (
    AmbiguousNameError,
    ConfigurationError,
    NameNotFoundError,
    NotFoundError,
    PermissionDeniedError,
)
from aiobaseten.testing import FakeBaseten


@pytest.fixture
def fake() -> FakeBaseten:
    """Two models and two chains with the same names in two teams, and one without a twin."""
    fake = FakeBaseten()
    for number, team in enumerate(["Search", "Ads"]):
        fake.model(f"model{number}", name="ranker", team=team)
        fake.chain(f"chain{number}", name="bot", team=team)
    model = fake.model("model7", name="translator", team="Search")
    model.deployment("depl001", name="blue")
    model.deployment("depl002", name="green")
    fake.chain("chain7", name="transcriber", team="Search")
    return fake


def asked(fake: FakeBaseten) -> list[tuple[str, str]]:
    """The path and query of each request."""
    return [(one.path, one.query) for one in fake.requests]


async def test_models_and_chains_are_listed_with_their_teams(baseten: Baseten) -> None:
    models, chains = await baseten.models(), await baseten.chains()

    assert [(one.id, one.name, one.team_name) for one in models] == [
        ("model0", "ranker", "Search"),
        ("model1", "ranker", "Ads"),
        ("model7", "translator", "Search"),
    ]
    assert [(one.id, one.name) for one in chains][-1] == ("chain7", "transcriber")


async def test_a_name_leads_to_the_handle_of_the_id(fake: FakeBaseten, baseten: Baseten) -> None:
    model = await baseten.find_model("translator")
    chain = await baseten.find_chain("transcriber")
    deployment = await model.find_deployment("green")

    assert model == baseten.model("model7")
    assert chain == baseten.chain("chain7")
    assert deployment == model.deployment("depl002")
    assert asked(fake) == [
        ("/v1/models", "name=translator"),
        ("/v1/chains", ""),
        ("/v1/models/model7/deployments", "name=green"),
    ]


async def test_a_name_in_two_teams_is_never_the_first(baseten: Baseten) -> None:
    with pytest.raises(AmbiguousNameError) as models:
        await baseten.find_model("ranker")
    with pytest.raises(AmbiguousNameError) as chains:
        await baseten.find_chain("bot")

    assert {one.team_name for one in models.value.candidates} == {"Search", "Ads"}
    assert [one.id for one in chains.value.candidates] == ["chain0", "chain1"]


async def test_a_team_makes_a_name_unambiguous(baseten: Baseten) -> None:
    assert (await baseten.find_model("ranker", team="Ads")).id == "model1"
    assert (await baseten.find_chain("bot", team="Search")).id == "chain0"
    with pytest.raises(NameNotFoundError):
        await baseten.find_model("ranker", team="Maps")


async def test_a_name_that_nothing_has_comes_with_similar_ones(baseten: Baseten) -> None:
    with pytest.raises(NameNotFoundError) as model:
        await baseten.find_model("translater")
    with pytest.raises(NameNotFoundError) as chain:
        await baseten.find_chain("transcribr")
    with pytest.raises(NameNotFoundError) as deployment:
        await baseten.model("model7").find_deployment("gren")

    assert model.value.similar[0] == "translator"
    assert chain.value.similar[0] == "transcriber"
    assert deployment.value.similar[0] == "green"
    assert not model.value.is_transient


async def test_a_server_that_ignores_the_filter_by_name_changes_nothing(fake: FakeBaseten) -> None:
    """Servers before July 2026 do."""
    inner = fake.transport()

    class WithoutFilter(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            request.url = request.url.copy_with(query=None)
            return await inner.handle_async_request(request)

    async with (
        httpx.AsyncClient(transport=WithoutFilter()) as http,
        Baseten(api_key="test-key", http_client=http) as baseten,
    ):
        model = await baseten.find_model("translator")
        assert model.id == "model7"
        assert (await model.find_deployment("blue")).id == "depl001"


@pytest.mark.parametrize("name", ["", "  ", None, 7])
async def test_a_name_that_is_none_is_refused_before_any_request(
    fake: FakeBaseten, baseten: Baseten, name: str
) -> None:
    with pytest.raises(ConfigurationError):
        await baseten.find_model(name)
    with pytest.raises(ConfigurationError):
        await baseten.find_chain("bot", team=name or "")
    with pytest.raises(ConfigurationError):
        await baseten.model("model7").find_deployment(name)
    assert fake.requests == []


async def test_a_deployment_of_an_unknown_model_is_a_404(baseten: Baseten) -> None:
    with pytest.raises(NotFoundError):
        await baseten.model("model9").find_deployment("green")


async def test_a_handle_reads_its_model_or_chain(baseten: Baseten) -> None:
    assert (await baseten.model("model7").get()).name == "translator"
    assert (await baseten.chain("chain7").get()).team_name == "Search"


async def test_a_404_for_a_name_points_to_the_method_that_finds_the_id(baseten: Baseten) -> None:
    with pytest.raises(NotFoundError, match=r"find_model\('my-ranker'\)"):
        await baseten.model("my-ranker").environment("production").promote("depl001")
    with pytest.raises(NotFoundError, match=r"find_deployment\('my-green'\)"):
        await baseten.model("model7").deployment("my-green").get()


async def test_the_key_has_a_user(baseten: Baseten) -> None:
    user = await baseten.whoami()

    assert (user.user_id, user.email) == ("fake-user", "fake@example.com")
    assert user.workspace_name == "Fake workspace"


async def test_a_wrong_key_has_no_user(fake: FakeBaseten) -> None:
    async with fake.client(api_key="another-key") as baseten:
        with pytest.raises(PermissionDeniedError):
            await baseten.whoami()
