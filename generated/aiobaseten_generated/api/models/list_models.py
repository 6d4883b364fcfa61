from typing import Any

from ...client import Operation
from ...misfits import misfit
from ...models.models import Models
from ...types import UNSET, Unset


def operation(
    *,
    name: None | str | Unset = UNSET,
) -> Operation[Models]:
    """List the models

    All models that the key may see, of every team; nothing is paged.
    """
    params: dict[str, Any] = {}

    json_name: None | str | Unset
    if isinstance(name, Unset):
        json_name = UNSET
    else:
        json_name = name
    params["name"] = json_name

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    return Operation(
        method="GET",
        path="/v1/models",
        url="/v1/models",
        parse=_parse,
        params=params or None,
    )


def _parse(data: Any) -> Models:
    if not isinstance(data, dict):
        raise misfit("Models", "an object", data)
    data = Models.from_dict(data)
    decoded: Models = data
    return decoded
