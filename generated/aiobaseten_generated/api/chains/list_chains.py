from typing import Any

from ...client import Operation
from ...misfits import misfit
from ...models.chains import Chains


def operation() -> Operation[Chains]:
    """List the chains

    All chains that the key may see, of every team; nothing is paged, and there is no filter.
    """

    return Operation(
        method="GET",
        path="/v1/chains",
        url="/v1/chains",
        parse=_parse,
    )


def _parse(data: Any) -> Chains:
    if not isinstance(data, dict):
        raise misfit("Chains", "an object", data)
    data = Chains.from_dict(data)
    decoded: Chains = data
    return decoded
