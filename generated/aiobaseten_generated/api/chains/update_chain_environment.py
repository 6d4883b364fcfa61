from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.update_chain_environment_request import UpdateChainEnvironmentRequest
from ...models.update_chain_environment_response import UpdateChainEnvironmentResponse


def operation(
    chain_id: str,
    env_name: str,
    *,
    body: UpdateChainEnvironmentRequest,
) -> Operation[UpdateChainEnvironmentResponse]:
    """Change the settings of an environment of a chain"""

    return Operation(
        method="PATCH",
        path="/v1/chains/{chain_id}/environments/{env_name}",
        url="/v1/chains/{chain_id}/environments/{env_name}".format(
            chain_id=quote(chain_id, safe=""),
            env_name=quote(env_name, safe=""),
        ),
        parse=_parse,
        body=body.to_dict(),
    )


def _parse(data: Any) -> UpdateChainEnvironmentResponse:
    if not isinstance(data, dict):
        raise misfit("UpdateChainEnvironmentResponse", "an object", data)
    data = UpdateChainEnvironmentResponse.from_dict(data)
    decoded: UpdateChainEnvironmentResponse = data
    return decoded
