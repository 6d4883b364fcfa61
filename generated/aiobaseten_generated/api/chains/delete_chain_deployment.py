from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.chain_deployment_tombstone import ChainDeploymentTombstone


def operation(
    chain_id: str,
    chain_deployment_id: str,
) -> Operation[ChainDeploymentTombstone]:
    """Delete a deployment of a chain"""

    return Operation(
        method="DELETE",
        path="/v1/chains/{chain_id}/deployments/{chain_deployment_id}",
        url="/v1/chains/{chain_id}/deployments/{chain_deployment_id}".format(
            chain_id=quote(chain_id, safe=""),
            chain_deployment_id=quote(chain_deployment_id, safe=""),
        ),
        parse=_parse,
    )


def _parse(data: Any) -> ChainDeploymentTombstone:
    if not isinstance(data, dict):
        raise misfit("ChainDeploymentTombstone", "an object", data)
    data = ChainDeploymentTombstone.from_dict(data)
    decoded: ChainDeploymentTombstone = data
    return decoded
