from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...models.deployment import Deployment


def operation(
    model_id: str,
    deployment_id: str,
) -> Operation[Deployment]:
    """Get a deployment of a model"""

    return Operation(
        method="GET",
        path="/v1/models/{model_id}/deployments/{deployment_id}",
        url="/v1/models/{model_id}/deployments/{deployment_id}".format(
            model_id=quote(model_id, safe=""),
            deployment_id=quote(deployment_id, safe=""),
        ),
        parse=_parse,
    )


def _parse(data: Any) -> Deployment:
    response_200_object = data
    if not isinstance(response_200_object, dict):
        raise TypeError("Deployment must be an object, not " + type(response_200_object).__name__)
    response_200 = Deployment.from_dict(response_200_object)

    return response_200
