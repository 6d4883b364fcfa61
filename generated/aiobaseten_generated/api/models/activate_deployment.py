from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.activate_response import ActivateResponse


def operation(
    model_id: str,
    deployment_id: str,
) -> Operation[ActivateResponse]:
    """Activate a deployment of a model"""

    return Operation(
        method="POST",
        path="/v1/models/{model_id}/deployments/{deployment_id}/activate",
        url="/v1/models/{model_id}/deployments/{deployment_id}/activate".format(
            model_id=quote(model_id, safe=""),
            deployment_id=quote(deployment_id, safe=""),
        ),
        parse=_parse,
    )


def _parse(data: Any) -> ActivateResponse:
    if not isinstance(data, dict):
        raise misfit("ActivateResponse", "an object", data)
    data = ActivateResponse.from_dict(data)
    decoded: ActivateResponse = data
    return decoded
