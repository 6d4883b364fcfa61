from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...models.chain_deployment import ChainDeployment
from ...models.promote_to_chain_environment_request import PromoteToChainEnvironmentRequest


def operation(
    chain_id: str,
    env_name: str,
    *,
    body: PromoteToChainEnvironmentRequest,
) -> Operation[ChainDeployment]:
    """Promote to chain environment

    Promotes an existing chain deployment to an environment and returns the promoted chain
    deployment.
    """

    return Operation(
        method="POST",
        path="/v1/chains/{chain_id}/environments/{env_name}/promote",
        url="/v1/chains/{chain_id}/environments/{env_name}/promote".format(
            chain_id=quote(chain_id, safe=""),
            env_name=quote(env_name, safe=""),
        ),
        parse=_parse,
        body=body.to_dict(),
    )


def _parse(data: Any) -> ChainDeployment:
    response_200_object = data
    if not isinstance(response_200_object, dict):
        raise TypeError(
            "ChainDeployment must be an object, not " + type(response_200_object).__name__
        )
    response_200 = ChainDeployment.from_dict(response_200_object)

    return response_200
