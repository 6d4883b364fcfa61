from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...models.environment import Environment


def operation(
    model_id: str,
    env_name: str,
) -> Operation[Environment]:
    """Get an environment of a model

    Holds the whole current deployment and, during a promotion, the whole candidate.
    """

    return Operation(
        method="GET",
        path="/v1/models/{model_id}/environments/{env_name}",
        url="/v1/models/{model_id}/environments/{env_name}".format(
            model_id=quote(model_id, safe=""),
            env_name=quote(env_name, safe=""),
        ),
        parse=_parse,
    )


def _parse(data: Any) -> Environment:
    response_200_object = data
    if not isinstance(response_200_object, dict):
        raise TypeError("Environment must be an object, not " + type(response_200_object).__name__)
    response_200 = Environment.from_dict(response_200_object)

    return response_200
