from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.chain_deployments import ChainDeployments


def operation(
    chain_id: str,
) -> Operation[ChainDeployments]:
    """List the deployments of a chain

    One list with all of them; nothing is paged.
    """

    return Operation(
        method="GET",
        path="/v1/chains/{chain_id}/deployments",
        url="/v1/chains/{chain_id}/deployments".format(
            chain_id=quote(chain_id, safe=""),
        ),
        parse=_parse,
    )


def _parse(data: Any) -> ChainDeployments:
    if not isinstance(data, dict):
        raise misfit("ChainDeployments", "an object", data)
    data = ChainDeployments.from_dict(data)
    decoded: ChainDeployments = data
    return decoded
