from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
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
    if not isinstance(data, dict):
        raise misfit("ChainEnvironments", "an object", data)
    data = ChainEnvironments.from_dict(data)
    decoded: ChainEnvironments = data
    return decoded
