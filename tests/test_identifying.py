"""Words from users: names, ids, ids for certain, latest, current."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from aiobaseten import Baseten
from aiobaseten.errors import AmbiguousNameError, ConfigurationError, NameNotFoundError
from aiobaseten.testing import FakeBaseten, timelines

pytestmark = pytest.mark.looptime


@pytest.fixture
def fake() -> FakeBaseten:
    """A model whose id is the name of another one, and deployments with the same trouble."""
    fake = FakeBaseten()
    model = fake.model("model111", name="ranker")
    model.deployment("depl001", name="blue")
    model.deployment("depl002", name="green")
    model.environment("staging", current="depl001")
    model.environment("empty", current=None)
    fake.model("model222", name="model111")
    fake.chain("chain111", name="bot").deployment("depl007")
    fake.chain("chain222", name="chain111")
    return fake


def asked(fake: FakeBaseten) -> list[str]:
    """The path of each request."""
    return [one.path for one in fake.requests]


async def test_a_name_costs_one_request(fake: FakeBaseten, baseten: Baseten) -> None:
    model, chain = await baseten.identify_model("ranker"), await baseten.identify_chain("bot")

    assert (model.id, chain.id) == ("model111", "chain111")
    assert asked(fake) == ["/v1/models", "/v1/chains"]


async def test_an_exact_id_costs_nothing(fake: FakeBaseten, baseten: Baseten) -> None:
    model = await baseten.identify_model("id:model111")
    chain = await baseten.identify_chain("id:chain111")

    assert (model.id, chain.id) == ("model111", "chain111")
    assert (await model.identify_deployment("id:blue")).id == "blue"
    assert (await chain.identify_deployment("depl007")).id == "depl007"
    assert (await chain.identify_deployment("id:depl007")).id == "depl007"
    assert asked(fake) == []


@pytest.mark.parametrize(
    ("of", "word", "requests"),
    [
        ("model", "green", 1),
        ("chain", "depl007", 0),
        ("model", "id:blue", 0),
        ("model", "latest", 1),
        ("chain", "latest", 1),
        ("model", "current:staging", 1),
        ("chain", "current:staging", 1),
        ("model", "current", 2),
        ("chain", "current", 1),
    ],
)
async def test_a_word_for_a_deployment_costs_as_many_requests_as_the_page_says(
    fake: FakeBaseten, baseten: Baseten, of: str, word: str, requests: int
) -> None:
    fake.chain("chain111").environment("staging", current="depl007")
    owner = baseten.model("model111") if of == "model" else baseten.chain("chain111")

    with suppress(AmbiguousNameError):
        await owner.identify_deployment(word, environment="staging" if word == "current" else None)

    assert len(asked(fake)) == requests


async def test_an_id_that_is_the_name_of_another_is_never_chosen(baseten: Baseten) -> None:
    with pytest.raises(AmbiguousNameError) as model:
        await baseten.identify_model("model111")
    with pytest.raises(AmbiguousNameError) as chain:
        await baseten.identify_chain("chain111")

    assert [one.id for one in model.value.candidates] == ["model111", "model222"]
    assert [one.id for one in chain.value.candidates] == ["chain111", "chain222"]
    assert (await baseten.identify_model("model222")).id == "model222"


async def test_the_same_holds_for_deployments(fake: FakeBaseten, baseten: Baseten) -> None:
    fake.model("model111").deployment("depl003", name="depl001")
    model = baseten.model("model111")

    with pytest.raises(AmbiguousNameError) as caught:
        await model.identify_deployment("depl001")

    assert [one.id for one in caught.value.candidates] == ["depl001", "depl003"]
    assert (await model.identify_deployment("green")).id == "depl002"


async def test_a_word_that_means_nothing_comes_with_similar_names(baseten: Baseten) -> None:
    with pytest.raises(NameNotFoundError) as model:
        await baseten.identify_model("rankr")
    with pytest.raises(NameNotFoundError) as chain:
        await baseten.identify_chain("bott")
    with pytest.raises(NameNotFoundError) as deployment:
        await baseten.model("model111").identify_deployment("gren")

    assert (model.value.similar, chain.value.similar) == (("ranker",), ("bot",))
    assert deployment.value.similar == ("green",)


async def test_a_deployment_that_is_not_listed_yet_is_left_to_baseten(baseten: Baseten) -> None:
    assert (await baseten.model("model111").identify_deployment("new1234")).id == "new1234"


async def test_the_latest_deployment_was_pushed_last(fake: FakeBaseten, baseten: Baseten) -> None:
    model = fake.model("model111")
    model.deployment("depl002").set("ACTIVE")
    await asyncio.sleep(60)
    model.deployment("depl003", name="red")

    assert (await baseten.model("model111").identify_deployment("latest")).id == "depl003"


async def test_the_latest_is_refused_if_a_promotion_made_the_newest(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    model = fake.model("model111")
    model.deployment("depl002").set("ACTIVE")
    model.environment("production", current="depl002", redeploy_on_promotion=True)
    await asyncio.sleep(60)
    model.deployment("depl003", name="red")
    await asyncio.sleep(60)
    await baseten.model("model111").environment("production").promote("depl001")
    copies = [one for one in model.deployments if one not in ("depl001", "depl002", "depl003")]

    with pytest.raises(AmbiguousNameError) as caught:
        await baseten.model("model111").identify_deployment("latest")

    assert [one.id for one in caught.value.candidates] == [*copies, "depl003"]


async def test_the_latest_is_not_the_development_deployment(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    model = fake.model("model222")
    model.deployment("depl004", name="red")
    await asyncio.sleep(60)
    model.deployment("depl005", name="draft", is_development=True)

    assert (await baseten.model("model222").identify_deployment("latest")).id == "depl004"


async def test_equally_old_deployments_have_no_latest(baseten: Baseten) -> None:
    with pytest.raises(AmbiguousNameError):
        await baseten.model("model111").identify_deployment("latest")


async def test_a_deployment_named_latest_is_not_taken_for_the_newest(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    model = fake.model("model222")
    model.deployment("depl004", name="latest")
    await asyncio.sleep(60)
    model.deployment("depl005", name="red")

    with pytest.raises(AmbiguousNameError):
        await baseten.model("model222").identify_deployment("latest")


async def test_the_latest_of_a_chain_is_refused_if_a_promotion_may_have_made_it(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    chain = baseten.chain("chain111")
    assert (await chain.identify_deployment("latest")).id == "depl007"

    fake.chain("chain111").environment("staging", current="depl007")
    with pytest.raises(AmbiguousNameError):
        await chain.identify_deployment("latest")


async def test_the_current_deployment_is_the_one_that_serves(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    model = baseten.model("model111")
    fake.model("model111").deployment("depl003", on_promote=timelines.STUCK)
    fake.model("model111").environment("staging").promote("depl003")

    assert (await model.identify_deployment("current:staging")).id == "depl001"
    with pytest.raises(NameNotFoundError):
        await model.identify_deployment("current:empty")
    with pytest.raises(NameNotFoundError):
        await model.identify_deployment("current")


@pytest.mark.parametrize("word", ["", " ", "a/b", "id:", "id:..", "current:", None])
async def test_a_word_that_can_be_no_id_is_refused_before_any_request(
    fake: FakeBaseten, baseten: Baseten, word: str
) -> None:
    with pytest.raises(ConfigurationError):
        await baseten.model("model111").identify_deployment(word)
    if word != "current:":
        for identify in (baseten.identify_model, baseten.identify_chain):
            with pytest.raises(ConfigurationError):
                await identify(word)
    assert fake.requests == []


async def test_a_team_chooses_among_several_and_hides_the_others(baseten: Baseten) -> None:
    fake = FakeBaseten()
    for number, team in enumerate(["Search", "Ads"]):
        fake.model(f"twin{number}", name="twin", team=team)
        fake.chain(f"pair{number}", name="pair", team=team)
    async with fake.client() as client:
        assert (await client.identify_model("twin", team="Ads")).id == "twin1"
        assert (await client.identify_chain("pair", team="Search")).id == "pair0"
        assert (await client.identify_model("twin0", team="Search")).id == "twin0"
        for word in ("twin", "twin0"):
            with pytest.raises(NameNotFoundError):
                await client.identify_model(word, team="Maps")
        for word in ("id:twin0", "twin"):
            with pytest.raises(ConfigurationError):
                await client.identify_model(word, team="Ads" if word.startswith("id:") else "")


async def test_current_alone_is_the_one_that_serves_in_the_environment_that_is_given(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    model, chain = baseten.model("model111"), baseten.chain("chain111")
    fake.chain("chain111").environment("staging", current="depl007")

    assert (await model.identify_deployment("current", environment="staging")).id == "depl001"
    assert (await chain.identify_deployment("current", environment="staging")).id == "depl007"
    with pytest.raises(NameNotFoundError):
        await chain.identify_deployment("current")
    fake.model("model111").deployment("depl009", name="current")
    with pytest.raises(AmbiguousNameError) as several:
        await model.identify_deployment("current", environment="staging")
    assert {one.id for one in several.value.candidates} == {"depl001", "depl009"}
