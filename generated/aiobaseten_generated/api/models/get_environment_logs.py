from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.get_logs_response import GetLogsResponse
from ...models.log_level import LogLevel
from ...models.sort_order import SortOrder
from ...types import UNSET, Unset


def operation(
    model_id: str,
    env_name: str,
    *,
    start_epoch_millis: int | None | Unset = UNSET,
    end_epoch_millis: int | None | Unset = UNSET,
    direction: None | SortOrder | Unset = UNSET,
    limit: int | None | Unset = UNSET,
    min_level: LogLevel | None | Unset = UNSET,
    replica: None | str | Unset = UNSET,
    request_id: None | str | Unset = UNSET,
    component: None | str | Unset = UNSET,
    search_pattern: None | str | Unset = UNSET,
    includes: list[str] | Unset = UNSET,
    excludes: list[str] | Unset = UNSET,
) -> Operation[GetLogsResponse]:
    """Get log lines of an environment of a model

    Lines of a window of time, which is the last half hour unless the request says otherwise.
    They are of all deployments that served in the environment during it, and do not say of
    which.
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

    json_min_level: None | str | Unset
    if isinstance(min_level, Unset):
        json_min_level = UNSET
    elif isinstance(min_level, LogLevel):
        json_min_level = min_level.value
    else:
        json_min_level = min_level
    params["min_level"] = json_min_level

    json_replica: None | str | Unset
    if isinstance(replica, Unset):
        json_replica = UNSET
    else:
        json_replica = replica
    params["replica"] = json_replica

    json_request_id: None | str | Unset
    if isinstance(request_id, Unset):
        json_request_id = UNSET
    else:
        json_request_id = request_id
    params["request_id"] = json_request_id

    json_component: None | str | Unset
    if isinstance(component, Unset):
        json_component = UNSET
    else:
        json_component = component
    params["component"] = json_component

    json_search_pattern: None | str | Unset
    if isinstance(search_pattern, Unset):
        json_search_pattern = UNSET
    else:
        json_search_pattern = search_pattern
    params["search_pattern"] = json_search_pattern

    json_includes: list[str] | Unset = UNSET
    if not isinstance(includes, Unset):
        json_includes = includes

    params["includes"] = json_includes

    json_excludes: list[str] | Unset = UNSET
    if not isinstance(excludes, Unset):
        json_excludes = excludes

    params["excludes"] = json_excludes

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    return Operation(
        method="GET",
        path="/v1/models/{model_id}/environments/{env_name}/logs",
        url="/v1/models/{model_id}/environments/{env_name}/logs".format(
            model_id=quote(model_id, safe=""),
            env_name=quote(env_name, safe=""),
        ),
        parse=_parse,
        params=params or None,
    )


def _parse(data: Any) -> GetLogsResponse:
    if not isinstance(data, dict):
        raise misfit("GetLogsResponse", "an object", data)
    data = GetLogsResponse.from_dict(data)
    decoded: GetLogsResponse = data
    return decoded
