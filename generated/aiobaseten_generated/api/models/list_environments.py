from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.environments import Environments


def operation(
    model_id: str,
) -> Operation[Environments]:
    """List the environments of a model"""

    return Operation(
        method="GET",
        path="/v1/models/{model_id}/environments",
        url="/v1/models/{model_id}/environments".format(
            model_id=quote(model_id, safe=""),
        ),
        parse=_parse,
    )


def _parse(data: Any) -> Environments:
    if not isinstance(data, dict):
        raise misfit("Environments", "an object", data)
    data = Environments.from_dict(data)
    decoded: Environments = data
    return decoded
