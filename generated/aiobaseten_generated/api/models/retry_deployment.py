from typing import Any
from urllib.parse import quote

from ...client import Operation
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
    response_200_object = data
    if not isinstance(response_200_object, dict):
        raise TypeError(
            "RetryDeploymentResponse must be an object, not " + type(response_200_object).__name__
        )
    response_200 = RetryDeploymentResponse.from_dict(response_200_object)

    return response_200
