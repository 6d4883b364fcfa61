from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
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
    if not isinstance(data, dict):
        raise misfit("Environment", "an object", data)
    data = Environment.from_dict(data)
    decoded: Environment = data
    return decoded
