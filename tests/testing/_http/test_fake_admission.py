"""The check of the API key."""

import httpx
import pytest

from aiobaseten.testing import FakeBaseten

pytestmark = pytest.mark.looptime


@pytest.mark.parametrize("scheme", ["Api-Key", "Bearer"])
async def test_both_schemes_of_the_key_are_accepted(http: httpx.AsyncClient, scheme: str) -> None:
    response = await http.get("/v1/chains", headers={"Authorization": f"{scheme} test-key"})

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("", "Authentication credentials were not provided."),
        ("test-key", "Authentication credentials were not provided."),
        ("Basic test-key", "Authentication credentials were not provided."),
        ("Api-Key", "Authentication credentials were not provided."),
    ],
)
async def test_a_request_without_a_key_is_refused_whatever_the_path(
    http: httpx.AsyncClient, header: str, message: str
) -> None:
    for path in ("/v1/chains", "/v1/chains/nope", "/nothing"):
        response = await http.get(path, headers={"Authorization": header})
        assert (response.status_code, response.json()) == (
            401,
            {"code": "UNAUTHORIZED", "message": message},
        )


@pytest.mark.parametrize("header", ["Api-Key other", "Bearer test-key2"])
async def test_an_unknown_key_is_refused_as_observed_whatever_the_path(
    http: httpx.AsyncClient, header: str
) -> None:
    for path in ("/v1/chains", "/v1/chains/nope", "/nothing"):
        response = await http.get(path, headers={"Authorization": header})
        assert (response.status_code, response.json()) == (
            403,
            {"code": "PERMISSION_DENIED", "message": "Authorization error"},
        )


async def test_a_fake_can_accept_every_key_but_needs_one() -> None:
    fake = FakeBaseten(api_key=None)
    async with httpx.AsyncClient(transport=fake.transport(), base_url="http://fake") as client:
        with_key = await client.get("/v1/chains", headers={"Authorization": "Bearer x"})
        without = await client.get("/v1/chains")

    assert (with_key.status_code, without.status_code) == (200, 401)
    with pytest.raises(ValueError, match="api_key is empty"):
        FakeBaseten(api_key=" ")
