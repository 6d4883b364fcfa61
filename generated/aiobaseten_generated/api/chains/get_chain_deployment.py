from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...models.chain_deployment import ChainDeployment


def operation(
    chain_id: str,
    chain_deployment_id: str,
) -> Operation[ChainDeployment]:
    """Get a deployment of a chain"""

    return Operation(
        method="GET",
        path="/v1/chains/{chain_id}/deployments/{chain_deployment_id}",
        url="/v1/chains/{chain_id}/deployments/{chain_deployment_id}".format(
            chain_id=quote(chain_id, safe=""),
            chain_deployment_id=quote(chain_deployment_id, safe=""),
        ),
        parse=_parse,
    )


def _parse(data: Any) -> ChainDeployment:
    response_200_object = data
    if not isinstance(response_200_object, dict):
        raise TypeError(
            "ChainDeployment must be an object, not " + type(response_200_object).__name__
        )
    response_200 = ChainDeployment.from_dict(response_200_object)

    return response_200
