from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.retry_deployment_response import RetryDeploymentResponse


def operation(
    model_id: str,
    deployment_id: str,
) -> Operation[RetryDeploymentResponse]:
    """Try a failed deployment of a model again

    Retries the deployment, not the promotion that it was part of.
    """

    return Operation(
        method="POST",
        path="/v1/models/{model_id}/deployments/{deployment_id}/retry",
        url="/v1/models/{model_id}/deployments/{deployment_id}/retry".format(
            model_id=quote(model_id, safe=""),
            deployment_id=quote(deployment_id, safe=""),
        ),
        parse=_parse,
    )


def _parse(data: Any) -> RetryDeploymentResponse:
    if not isinstance(data, dict):
        raise misfit("RetryDeploymentResponse", "an object", data)
    data = RetryDeploymentResponse.from_dict(data)
    decoded: RetryDeploymentResponse = data
    return decoded
