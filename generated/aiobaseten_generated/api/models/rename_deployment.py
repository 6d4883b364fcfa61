from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.deployment import Deployment
from ...models.update_deployment_request import UpdateDeploymentRequest


def operation(
    model_id: str,
    deployment_id: str,
    *,
    body: UpdateDeploymentRequest,
) -> Operation[Deployment]:
    """Rename a deployment of a model"""

    return Operation(
        method="PATCH",
        path="/v1/models/{model_id}/deployments/{deployment_id}",
        url="/v1/models/{model_id}/deployments/{deployment_id}".format(
            model_id=quote(model_id, safe=""),
            deployment_id=quote(deployment_id, safe=""),
        ),
        parse=_parse,
        body=body.to_dict(),
    )


def _parse(data: Any) -> Deployment:
    if not isinstance(data, dict):
        raise misfit("Deployment", "an object", data)
    data = Deployment.from_dict(data)
    decoded: Deployment = data
    return decoded
