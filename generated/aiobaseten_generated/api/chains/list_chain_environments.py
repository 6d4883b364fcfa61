from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...models.chain_environments import ChainEnvironments


def operation(
    chain_id: str,
) -> Operation[ChainEnvironments]:
    """List the environments of a chain"""

    return Operation(
        method="GET",
        path="/v1/chains/{chain_id}/environments",
        url="/v1/chains/{chain_id}/environments".format(
            chain_id=quote(chain_id, safe=""),
        ),
        parse=_parse,
    )


def _parse(data: Any) -> ChainEnvironments:
    response_200_object = data
    if not isinstance(response_200_object, dict):
        raise TypeError(
            "ChainEnvironments must be an object, not " + type(response_200_object).__name__
        )
    response_200 = ChainEnvironments.from_dict(response_200_object)

    return response_200
