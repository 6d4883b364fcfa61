from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.chain_environment import ChainEnvironment


def operation(
    chain_id: str,
    env_name: str,
) -> Operation[ChainEnvironment]:
    """Get an environment of a chain

    Holds the whole current deployment and, during a promotion, the whole candidate.
    """

    return Operation(
        method="GET",
        path="/v1/chains/{chain_id}/environments/{env_name}",
        url="/v1/chains/{chain_id}/environments/{env_name}".format(
            chain_id=quote(chain_id, safe=""),
            env_name=quote(env_name, safe=""),
        ),
        parse=_parse,
    )


def _parse(data: Any) -> ChainEnvironment:
    if not isinstance(data, dict):
        raise misfit("ChainEnvironment", "an object", data)
    data = ChainEnvironment.from_dict(data)
    decoded: ChainEnvironment = data
    return decoded
