from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
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
    if not isinstance(data, dict):
        raise misfit("ChainDeployment", "an object", data)
    data = ChainDeployment.from_dict(data)
    decoded: ChainDeployment = data
    return decoded
