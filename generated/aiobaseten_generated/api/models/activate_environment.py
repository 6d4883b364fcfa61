from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.activate_response import ActivateResponse


def operation(
    model_id: str,
    env_name: str,
) -> Operation[ActivateResponse]:
    """Activate the deployment that serves in an environment of a model"""

    return Operation(
        method="POST",
        path="/v1/models/{model_id}/environments/{env_name}/activate",
        url="/v1/models/{model_id}/environments/{env_name}/activate".format(
            model_id=quote(model_id, safe=""),
            env_name=quote(env_name, safe=""),
        ),
        parse=_parse,
    )


def _parse(data: Any) -> ActivateResponse:
    if not isinstance(data, dict):
        raise misfit("ActivateResponse", "an object", data)
    data = ActivateResponse.from_dict(data)
    decoded: ActivateResponse = data
    return decoded
