from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...models.deployment_v1 import DeploymentV1
from ...models.promote_to_environment_request_v1 import PromoteToEnvironmentRequestV1


def operation(
    model_id: str,
    env_name: str,
    *,
    body: PromoteToEnvironmentRequestV1,
) -> Operation[DeploymentV1]:
    """Promote a deployment of a model to an environment

    The answer names the deployment to follow. It may be a new one, with an id of its own.
    """

    return Operation(
        method="POST",
        path="/v1/models/{model_id}/environments/{env_name}/promote",
        url="/v1/models/{model_id}/environments/{env_name}/promote".format(
            model_id=quote(model_id, safe=""),
            env_name=quote(env_name, safe=""),
        ),
        parse=_parse,
        body=body.to_dict(),
    )


def _parse(data: Any) -> DeploymentV1:
    response_200_object = data
    if not isinstance(response_200_object, dict):
        raise TypeError("DeploymentV1 must be an object, not " + type(response_200_object).__name__)
    response_200 = DeploymentV1.from_dict(response_200_object)

    return response_200
