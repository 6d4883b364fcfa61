"""Names in the place of ids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from aiobaseten._sending.names import advice_about_names

MODEL, DEPLOYMENT = "/v1/models/{model_id}", "/v1/models/{model_id}/deployments/{deployment_id}"
PROMOTE = "/v1/models/{model_id}/environments/{env_name}/promote"
CHAIN_DEPLOYMENT = "/v1/chains/{chain_id}/deployments/{chain_deployment_id}"


@pytest.mark.parametrize(
    ("path", "url", "body", "advice"),
    [
        (MODEL, "/v1/models/ranker", None, "baseten.find_model('ranker')"),
        (MODEL, "/v1/models/My%20Ranker-2", None, "baseten.find_model('My Ranker-2')"),
        (DEPLOYMENT, "/v1/models/abcd1234/deployments/v2", None, "model.find_deployment('v2')"),
        (DEPLOYMENT, "/v1/models/ranker/deployments/v2", None, "baseten.find_model('ranker')"),
        (
            PROMOTE,
            "/v1/models/abcd1234/environments/production/promote",
            {"deployment_id": "v2.1"},
            "model.find_deployment('v2.1')",
        ),
        ("/v1/chains/{chain_id}", "/v1/chains/bot", None, "baseten.find_chain('bot')"),
    ],
)
def test_an_id_that_looks_like_a_name_names_the_method_that_finds_the_id(
    path: str, url: str, body: Mapping[str, Any] | None, advice: str
) -> None:
    assert f": {advice} finds" in advice_about_names(path, url, body)


@pytest.mark.parametrize(
    ("path", "url", "body"),
    [
        (CHAIN_DEPLOYMENT, "/v1/chains/abcd1234/deployments/my-deployment", None),
        (
            "/v1/chains/{chain_id}/environments/{env_name}/promote",
            "/v1/chains/abcd1234/environments/production/promote",
            {"deployment_id": "my-deployment"},
        ),
    ],
)
def test_names_for_deployments_of_chains_lead_to_their_list(
    path: str, url: str, body: Mapping[str, Any] | None
) -> None:
    assert ": chain.list_deployments() shows" in advice_about_names(path, url, body)


@pytest.mark.parametrize(
    ("path", "url", "body"),
    [
        (MODEL, "/v1/models/abcd1234", None),
        (MODEL, "/v1/models/3wlzvl3", None),
        (PROMOTE, "/v1/models/abcd1234/environments/my-env/promote", {"deployment_id": "d1ab2cd"}),
        (CHAIN_DEPLOYMENT, "/v1/chains/abcd1234/deployments/d1ab2cd", None),
        ("/v1/models", "/v1/models", None),
    ],
)
def test_ids_get_no_advice(path: str, url: str, body: Mapping[str, Any] | None) -> None:
    assert advice_about_names(path, url, body) == ""
