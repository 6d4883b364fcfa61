from typing import Any
from urllib.parse import quote

from ...client import Operation
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
    response_200_object = data
    if not isinstance(response_200_object, dict):
        raise TypeError(
            "ChainDeployments must be an object, not " + type(response_200_object).__name__
        )
    response_200 = ChainDeployments.from_dict(response_200_object)

    return response_200
