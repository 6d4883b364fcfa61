from typing import Any, cast
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
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
    if not isinstance(data, dict):
        raise misfit("DeactivateChainDeploymentResponse", "an object", data)
    data = DeactivateChainDeploymentResponse.from_dict(data)
    return cast(DeactivateChainDeploymentResponse, data)
