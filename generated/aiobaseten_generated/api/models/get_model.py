from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.model import Model


def operation(
    model_id: str,
) -> Operation[Model]:
    """Get a model"""

    return Operation(
        method="GET",
        path="/v1/models/{model_id}",
        url="/v1/models/{model_id}".format(
            model_id=quote(model_id, safe=""),
        ),
        parse=_parse,
    )


def _parse(data: Any) -> Model:
    if not isinstance(data, dict):
        raise misfit("Model", "an object", data)
    data = Model.from_dict(data)
    decoded: Model = data
    return decoded
