from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...models.deployment_v1 import DeploymentV1


def operation(
    model_id: str,
    deployment_id: str,
) -> Operation[DeploymentV1]:
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


def _parse(data: Any) -> DeploymentV1:
    response_200_object = data
    if not isinstance(response_200_object, dict):
        raise TypeError("DeploymentV1 must be an object, not " + type(response_200_object).__name__)
    response_200 = DeploymentV1.from_dict(response_200_object)

    return response_200
