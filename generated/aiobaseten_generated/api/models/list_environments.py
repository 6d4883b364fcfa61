from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...models.environments import Environments


def operation(
    model_id: str,
) -> Operation[Environments]:
    """List the environments of a model"""

    return Operation(
        method="GET",
        path="/v1/models/{model_id}/environments",
        url="/v1/models/{model_id}/environments".format(
            model_id=quote(model_id, safe=""),
        ),
        parse=_parse,
    )


def _parse(data: Any) -> Environments:
    response_200_object = data
    if not isinstance(response_200_object, dict):
        raise TypeError("Environments must be an object, not " + type(response_200_object).__name__)
    response_200 = Environments.from_dict(response_200_object)

    return response_200
