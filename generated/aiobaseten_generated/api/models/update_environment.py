from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.update_environment_request import UpdateEnvironmentRequest
from ...models.update_environment_response import UpdateEnvironmentResponse


def operation(
    model_id: str,
    env_name: str,
    *,
    body: UpdateEnvironmentRequest,
) -> Operation[UpdateEnvironmentResponse]:
    """Change the settings of an environment of a model

    Only the fields that are sent change. The change is made later: read the environment until
    it shows it.
    """

    return Operation(
        method="PATCH",
        path="/v1/models/{model_id}/environments/{env_name}",
        url="/v1/models/{model_id}/environments/{env_name}".format(
            model_id=quote(model_id, safe=""),
            env_name=quote(env_name, safe=""),
        ),
        parse=_parse,
        body=body.to_dict(),
    )


def _parse(data: Any) -> UpdateEnvironmentResponse:
    if not isinstance(data, dict):
        raise misfit("UpdateEnvironmentResponse", "an object", data)
    data = UpdateEnvironmentResponse.from_dict(data)
    decoded: UpdateEnvironmentResponse = data
    return decoded
