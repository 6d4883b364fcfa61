from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...models.deactivate_chain_deployment_response import DeactivateChainDeploymentResponse


def operation(
    chain_id: str,
    chain_deployment_id: str,
) -> Operation[DeactivateChainDeploymentResponse]:
    """Deactivate a deployment of a chain

    There is no endpoint that activates it again.
    """

    return Operation(
        method="POST",
        path="/v1/chains/{chain_id}/deployments/{chain_deployment_id}/deactivate",
        url="/v1/chains/{chain_id}/deployments/{chain_deployment_id}/deactivate".format(
            chain_id=quote(chain_id, safe=""),
            chain_deployment_id=quote(chain_deployment_id, safe=""),
        ),
        parse=_parse,
    )


def _parse(data: Any) -> DeactivateChainDeploymentResponse:
    response_200_object = data
    if not isinstance(response_200_object, dict):
        raise TypeError(
            "DeactivateChainDeploymentResponse must be an object, not "
            + type(response_200_object).__name__
        )
    response_200 = DeactivateChainDeploymentResponse.from_dict(response_200_object)

    return response_200
