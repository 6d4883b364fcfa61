from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.create_environment_request import CreateEnvironmentRequest
from ...models.environment import Environment


def operation(
    model_id: str,
    *,
    body: CreateEnvironmentRequest,
) -> Operation[Environment]:
    """Create an environment of a model"""

    return Operation(
        method="POST",
        path="/v1/models/{model_id}/environments",
        url="/v1/models/{model_id}/environments".format(
            model_id=quote(model_id, safe=""),
        ),
        parse=_parse,
        body=body.to_dict(),
    )


def _parse(data: Any) -> Environment:
    if not isinstance(data, dict):
        raise misfit("Environment", "an object", data)
    data = Environment.from_dict(data)
    decoded: Environment = data
    return decoded
