from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.deactivate_response import DeactivateResponse


def operation(
    model_id: str,
    env_name: str,
) -> Operation[DeactivateResponse]:
    """Deactivate the deployment that serves in an environment of a model"""

    return Operation(
        method="POST",
        path="/v1/models/{model_id}/environments/{env_name}/deactivate",
        url="/v1/models/{model_id}/environments/{env_name}/deactivate".format(
            model_id=quote(model_id, safe=""),
            env_name=quote(env_name, safe=""),
        ),
        parse=_parse,
    )


def _parse(data: Any) -> DeactivateResponse:
    if not isinstance(data, dict):
        raise misfit("DeactivateResponse", "an object", data)
    data = DeactivateResponse.from_dict(data)
    decoded: DeactivateResponse = data
    return decoded
