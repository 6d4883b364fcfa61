from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.deployment_tombstone import DeploymentTombstone


def operation(
    model_id: str,
    deployment_id: str,
) -> Operation[DeploymentTombstone]:
    """Delete a deployment of a model

    A deployment that serves an environment, or is the only one of its model, cannot be
    deleted.
    """

    return Operation(
        method="DELETE",
        path="/v1/models/{model_id}/deployments/{deployment_id}",
        url="/v1/models/{model_id}/deployments/{deployment_id}".format(
            model_id=quote(model_id, safe=""),
            deployment_id=quote(deployment_id, safe=""),
        ),
        parse=_parse,
    )


def _parse(data: Any) -> DeploymentTombstone:
    if not isinstance(data, dict):
        raise misfit("DeploymentTombstone", "an object", data)
    data = DeploymentTombstone.from_dict(data)
    decoded: DeploymentTombstone = data
    return decoded
