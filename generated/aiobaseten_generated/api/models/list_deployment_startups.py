from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.startup_attempts import StartupAttempts
from ...models.startup_outcome import StartupOutcome
from ...models.startup_phase import StartupPhase
from ...models.startup_sort_field import StartupSortField
from ...models.startup_sort_order import StartupSortOrder
from ...types import UNSET, Unset


def operation(
    model_id: str,
    deployment_id: str,
    *,
    start_epoch_millis: int,
    end_epoch_millis: int,
    min_duration_ms: int | None | Unset = UNSET,
    cursor: None | str | Unset = UNSET,
    limit: int | Unset = UNSET,
    outcomes: list[StartupOutcome] | Unset = UNSET,
    phase: None | StartupPhase | Unset = UNSET,
    search: None | str | Unset = UNSET,
    sort_by: None | StartupSortField | Unset = UNSET,
    direction: None | StartupSortOrder | Unset = UNSET,
) -> Operation[StartupAttempts]:
    """List the startups of a deployment of a model

    One entry for each attempt of a replica to start, the newest first unless the request says
    otherwise.
    """
    params: dict[str, Any] = {}

    params["start_epoch_millis"] = start_epoch_millis

    params["end_epoch_millis"] = end_epoch_millis

    json_min_duration_ms: int | None | Unset
    if isinstance(min_duration_ms, Unset):
        json_min_duration_ms = UNSET
    else:
        json_min_duration_ms = min_duration_ms
    params["min_duration_ms"] = json_min_duration_ms

    json_cursor: None | str | Unset
    if isinstance(cursor, Unset):
        json_cursor = UNSET
    else:
        json_cursor = cursor
    params["cursor"] = json_cursor

    params["limit"] = limit

    json_outcomes: list[str] | Unset = UNSET
    if not isinstance(outcomes, Unset):
        json_outcomes = []
        for outcomes_item_data in outcomes:
            outcomes_item = outcomes_item_data.value
            json_outcomes.append(outcomes_item)

    params["outcomes"] = json_outcomes

    json_phase: None | str | Unset
    if isinstance(phase, Unset):
        json_phase = UNSET
    elif isinstance(phase, StartupPhase):
        json_phase = phase.value
    else:
        json_phase = phase
    params["phase"] = json_phase

    json_search: None | str | Unset
    if isinstance(search, Unset):
        json_search = UNSET
    else:
        json_search = search
    params["search"] = json_search

    json_sort_by: None | str | Unset
    if isinstance(sort_by, Unset):
        json_sort_by = UNSET
    elif isinstance(sort_by, StartupSortField):
        json_sort_by = sort_by.value
    else:
        json_sort_by = sort_by
    params["sort_by"] = json_sort_by

    json_direction: None | str | Unset
    if isinstance(direction, Unset):
        json_direction = UNSET
    elif isinstance(direction, StartupSortOrder):
        json_direction = direction.value
    else:
        json_direction = direction
    params["direction"] = json_direction

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    return Operation(
        method="GET",
        path="/v1/models/{model_id}/deployments/{deployment_id}/startups",
        url="/v1/models/{model_id}/deployments/{deployment_id}/startups".format(
            model_id=quote(model_id, safe=""),
            deployment_id=quote(deployment_id, safe=""),
        ),
        parse=_parse,
        params=params or None,
    )


def _parse(data: Any) -> StartupAttempts:
    if not isinstance(data, dict):
        raise misfit("StartupAttempts", "an object", data)
    data = StartupAttempts.from_dict(data)
    decoded: StartupAttempts = data
    return decoded
