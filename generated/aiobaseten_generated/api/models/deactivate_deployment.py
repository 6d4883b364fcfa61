from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.deactivate_response import DeactivateResponse


def operation(
    model_id: str,
    deployment_id: str,
) -> Operation[DeactivateResponse]:
    """Deactivate a deployment of a model"""

    return Operation(
        method="POST",
        path="/v1/models/{model_id}/deployments/{deployment_id}/deactivate",
        url="/v1/models/{model_id}/deployments/{deployment_id}/deactivate".format(
            model_id=quote(model_id, safe=""),
            deployment_id=quote(deployment_id, safe=""),
        ),
        parse=_parse,
    )


def _parse(data: Any) -> DeactivateResponse:
    if not isinstance(data, dict):
        raise misfit("DeactivateResponse", "an object", data)
    data = DeactivateResponse.from_dict(data)
    decoded: DeactivateResponse = data
    return decoded
