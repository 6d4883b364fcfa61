from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...models.deactivate_response_v1 import DeactivateResponseV1


def operation(
    model_id: str,
    deployment_id: str,
) -> Operation[DeactivateResponseV1]:
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


def _parse(data: Any) -> DeactivateResponseV1:
    response_200_object = data
    if not isinstance(response_200_object, dict):
        raise TypeError(
            "DeactivateResponseV1 must be an object, not " + type(response_200_object).__name__
        )
    response_200 = DeactivateResponseV1.from_dict(response_200_object)

    return response_200
