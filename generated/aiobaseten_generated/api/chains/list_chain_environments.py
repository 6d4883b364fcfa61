from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...models.chain_environments_v1 import ChainEnvironmentsV1


def operation(
    chain_id: str,
) -> Operation[ChainEnvironmentsV1]:
    """List the environments of a chain"""

    return Operation(
        method="GET",
        path="/v1/chains/{chain_id}/environments",
        url="/v1/chains/{chain_id}/environments".format(
            chain_id=quote(chain_id, safe=""),
        ),
        parse=_parse,
    )


def _parse(data: Any) -> ChainEnvironmentsV1:
    response_200_object = data
    if not isinstance(response_200_object, dict):
        raise TypeError(
            "ChainEnvironmentsV1 must be an object, not " + type(response_200_object).__name__
        )
    response_200 = ChainEnvironmentsV1.from_dict(response_200_object)

    return response_200
