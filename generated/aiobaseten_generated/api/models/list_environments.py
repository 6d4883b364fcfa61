from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...models.environments_v1 import EnvironmentsV1


def operation(
    model_id: str,
) -> Operation[EnvironmentsV1]:
    """List the environments of a model"""

    return Operation(
        method="GET",
        path="/v1/models/{model_id}/environments",
        url="/v1/models/{model_id}/environments".format(
            model_id=quote(model_id, safe=""),
        ),
        parse=_parse,
    )


def _parse(data: Any) -> EnvironmentsV1:
    response_200_object = data
    if not isinstance(response_200_object, dict):
        raise TypeError(
            "EnvironmentsV1 must be an object, not " + type(response_200_object).__name__
        )
    response_200 = EnvironmentsV1.from_dict(response_200_object)

    return response_200
