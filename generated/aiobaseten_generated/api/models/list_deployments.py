from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...models.deployments import Deployments
from ...types import UNSET, Unset


def operation(
    model_id: str,
    *,
    name: str | Unset = UNSET,
) -> Operation[Deployments]:
    """List the deployments of a model

    One list with all of them; nothing is paged.
    """
    params: dict[str, Any] = {}

    params["name"] = name

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    return Operation(
        method="GET",
        path="/v1/models/{model_id}/deployments",
        url="/v1/models/{model_id}/deployments".format(
            model_id=quote(model_id, safe=""),
        ),
        parse=_parse,
        params=params or None,
    )


def _parse(data: Any) -> Deployments:
    response_200_object = data
    if not isinstance(response_200_object, dict):
        raise TypeError("Deployments must be an object, not " + type(response_200_object).__name__)
    response_200 = Deployments.from_dict(response_200_object)

    return response_200
