from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.deployments import Deployments
from ...types import UNSET, Unset


def operation(
    model_id: str,
    *,
    name: None | str | Unset = UNSET,
) -> Operation[Deployments]:
    """List the deployments of a model

    One list with all of them; nothing is paged.
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
        path="/v1/models/{model_id}/deployments",
        url="/v1/models/{model_id}/deployments".format(
            model_id=quote(model_id, safe=""),
        ),
        parse=_parse,
        params=params or None,
    )


def _parse(data: Any) -> Deployments:
    if not isinstance(data, dict):
        raise misfit("Deployments", "an object", data)
    data = Deployments.from_dict(data)
    decoded: Deployments = data
    return decoded
