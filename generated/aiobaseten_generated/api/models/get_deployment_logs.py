from typing import Any, cast
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.get_logs_response import GetLogsResponse
from ...models.sort_order import SortOrder
from ...types import UNSET, Unset


def operation(
    model_id: str,
    deployment_id: str,
    *,
    start_epoch_millis: int | None | Unset = UNSET,
    end_epoch_millis: int | None | Unset = UNSET,
    direction: None | SortOrder | Unset = UNSET,
    limit: int | None | Unset = UNSET,
) -> Operation[GetLogsResponse]:
    """Get log lines of a deployment of a model

    Lines of a window of time, which is the last half hour unless the request says otherwise.
    """
    params: dict[str, Any] = {}

    json_start_epoch_millis: int | None | Unset
    if isinstance(start_epoch_millis, Unset):
        json_start_epoch_millis = UNSET
    else:
        json_start_epoch_millis = start_epoch_millis
    params["start_epoch_millis"] = json_start_epoch_millis

    json_end_epoch_millis: int | None | Unset
    if isinstance(end_epoch_millis, Unset):
        json_end_epoch_millis = UNSET
    else:
        json_end_epoch_millis = end_epoch_millis
    params["end_epoch_millis"] = json_end_epoch_millis

    json_direction: None | str | Unset
    if isinstance(direction, Unset):
        json_direction = UNSET
    elif isinstance(direction, SortOrder):
        json_direction = direction.value
    else:
        json_direction = direction
    params["direction"] = json_direction

    json_limit: int | None | Unset
    if isinstance(limit, Unset):
        json_limit = UNSET
    else:
        json_limit = limit
    params["limit"] = json_limit

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    return Operation(
        method="GET",
        path="/v1/models/{model_id}/deployments/{deployment_id}/logs",
        url="/v1/models/{model_id}/deployments/{deployment_id}/logs".format(
            model_id=quote(model_id, safe=""),
            deployment_id=quote(deployment_id, safe=""),
        ),
        parse=_parse,
        params=params or None,
    )


def _parse(data: Any) -> GetLogsResponse:
    if not isinstance(data, dict):
        raise misfit("GetLogsResponse", "an object", data)
    data = GetLogsResponse.from_dict(data)
    return cast(GetLogsResponse, data)
