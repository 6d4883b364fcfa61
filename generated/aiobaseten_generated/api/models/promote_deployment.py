from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.deployment import Deployment
from ...models.promote_to_environment_request import PromoteToEnvironmentRequest


def operation(
    model_id: str,
    env_name: str,
    *,
    body: PromoteToEnvironmentRequest,
) -> Operation[Deployment]:
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


def _parse(data: Any) -> Deployment:
    if not isinstance(data, dict):
        raise misfit("Deployment", "an object", data)
    data = Deployment.from_dict(data)
    decoded: Deployment = data
    return decoded
