from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.chain import Chain


def operation(
    chain_id: str,
) -> Operation[Chain]:
    """Get a chain"""

    return Operation(
        method="GET",
        path="/v1/chains/{chain_id}",
        url="/v1/chains/{chain_id}".format(
            chain_id=quote(chain_id, safe=""),
        ),
        parse=_parse,
    )


def _parse(data: Any) -> Chain:
    if not isinstance(data, dict):
        raise misfit("Chain", "an object", data)
    data = Chain.from_dict(data)
    decoded: Chain = data
    return decoded
