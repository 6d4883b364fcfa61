from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.chain_environment import ChainEnvironment
from ...models.create_chain_environment_request import CreateChainEnvironmentRequest


def operation(
    chain_id: str,
    *,
    body: CreateChainEnvironmentRequest,
) -> Operation[ChainEnvironment]:
    """Create an environment of a chain"""

    return Operation(
        method="POST",
        path="/v1/chains/{chain_id}/environments",
        url="/v1/chains/{chain_id}/environments".format(
            chain_id=quote(chain_id, safe=""),
        ),
        parse=_parse,
        body=body.to_dict(),
    )


def _parse(data: Any) -> ChainEnvironment:
    if not isinstance(data, dict):
        raise misfit("ChainEnvironment", "an object", data)
    data = ChainEnvironment.from_dict(data)
    decoded: ChainEnvironment = data
    return decoded
