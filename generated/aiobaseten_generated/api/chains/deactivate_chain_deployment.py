from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.deactivate_response import DeactivateResponse


def operation(
    chain_id: str,
    chain_deployment_id: str,
) -> Operation[DeactivateResponse]:
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


def _parse(data: Any) -> DeactivateResponse:
    if not isinstance(data, dict):
        raise misfit("DeactivateResponse", "an object", data)
    data = DeactivateResponse.from_dict(data)
    decoded: DeactivateResponse = data
    return decoded
