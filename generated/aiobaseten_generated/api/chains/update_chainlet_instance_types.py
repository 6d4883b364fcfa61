from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.update_chainlet_environment_instance_type_request import (
    UpdateChainletEnvironmentInstanceTypeRequest,
)
from ...models.update_chainlet_environment_instance_type_response import (
    UpdateChainletEnvironmentInstanceTypeResponse,
)


def operation(
    chain_id: str,
    env_name: str,
    *,
    body: UpdateChainletEnvironmentInstanceTypeRequest,
) -> Operation[UpdateChainletEnvironmentInstanceTypeResponse]:
    """Change the instance types of chainlets in an environment

    If a chainlet has to move to another instance type, Baseten creates a new deployment of
    the chain and promotes it to the environment. All changes of a request go into one
    deployment. The name of an unknown chainlet is an error.
    """

    return Operation(
        method="POST",
        path="/v1/chains/{chain_id}/environments/{env_name}/chainlet_settings/instance_types/update",
        url="/v1/chains/{chain_id}/environments/{env_name}/chainlet_settings/instance_types/update".format(
            chain_id=quote(chain_id, safe=""),
            env_name=quote(env_name, safe=""),
        ),
        parse=_parse,
        body=body.to_dict(),
    )


def _parse(data: Any) -> UpdateChainletEnvironmentInstanceTypeResponse:
    if not isinstance(data, dict):
        raise misfit("UpdateChainletEnvironmentInstanceTypeResponse", "an object", data)
    data = UpdateChainletEnvironmentInstanceTypeResponse.from_dict(data)
    decoded: UpdateChainletEnvironmentInstanceTypeResponse = data
    return decoded
