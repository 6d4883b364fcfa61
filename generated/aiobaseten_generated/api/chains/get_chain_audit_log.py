from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.audit_log_event_type_group import AuditLogEventTypeGroup
from ...models.audit_log_sort_direction import AuditLogSortDirection
from ...models.audit_log_source import AuditLogSource
from ...models.list_audit_logs_response import ListAuditLogsResponse
from ...types import UNSET, Unset


def operation(
    chain_id: str,
    *,
    cursor: None | str | Unset = UNSET,
    limit: int | Unset = UNSET,
    direction: AuditLogSortDirection | Unset = UNSET,
    event_type_groups: list[AuditLogEventTypeGroup] | Unset = UNSET,
    environment_names: list[str] | Unset = UNSET,
    search: None | str | Unset = UNSET,
    user_ids: list[str] | Unset = UNSET,
    deployment_ids: list[str] | Unset = UNSET,
    chain_deployment_ids: list[str] | Unset = UNSET,
    sources: list[AuditLogSource] | Unset = UNSET,
    start_epoch_millis: int | None | Unset = UNSET,
    end_epoch_millis: int | None | Unset = UNSET,
) -> Operation[ListAuditLogsResponse]:
    """Get the audit log of a chain

    Who did what, newest first unless the request says otherwise. An entry is written together
    with the request that it is about, so that of a promotion it tells that it was accepted,
    not how it ended.
    """
    params: dict[str, Any] = {}

    json_cursor: None | str | Unset
    if isinstance(cursor, Unset):
        json_cursor = UNSET
    else:
        json_cursor = cursor
    params["cursor"] = json_cursor

    params["limit"] = limit

    json_direction: str | Unset = UNSET
    if not isinstance(direction, Unset):
        json_direction = direction.value

    params["direction"] = json_direction

    json_event_type_groups: list[str] | Unset = UNSET
    if not isinstance(event_type_groups, Unset):
        json_event_type_groups = []
        for event_type_groups_item_data in event_type_groups:
            event_type_groups_item = event_type_groups_item_data.value
            json_event_type_groups.append(event_type_groups_item)

    params["event_type_groups"] = json_event_type_groups

    json_environment_names: list[str] | Unset = UNSET
    if not isinstance(environment_names, Unset):
        json_environment_names = environment_names

    params["environment_names"] = json_environment_names

    json_search: None | str | Unset
    if isinstance(search, Unset):
        json_search = UNSET
    else:
        json_search = search
    params["search"] = json_search

    json_user_ids: list[str] | Unset = UNSET
    if not isinstance(user_ids, Unset):
        json_user_ids = user_ids

    params["user_ids"] = json_user_ids

    json_deployment_ids: list[str] | Unset = UNSET
    if not isinstance(deployment_ids, Unset):
        json_deployment_ids = deployment_ids

    params["deployment_ids"] = json_deployment_ids

    json_chain_deployment_ids: list[str] | Unset = UNSET
    if not isinstance(chain_deployment_ids, Unset):
        json_chain_deployment_ids = chain_deployment_ids

    params["chain_deployment_ids"] = json_chain_deployment_ids

    json_sources: list[str] | Unset = UNSET
    if not isinstance(sources, Unset):
        json_sources = []
        for sources_item_data in sources:
            sources_item = sources_item_data.value
            json_sources.append(sources_item)

    params["sources"] = json_sources

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

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    return Operation(
        method="GET",
        path="/v1/chains/{chain_id}/audit_logs",
        url="/v1/chains/{chain_id}/audit_logs".format(
            chain_id=quote(chain_id, safe=""),
        ),
        parse=_parse,
        params=params or None,
    )


def _parse(data: Any) -> ListAuditLogsResponse:
    if not isinstance(data, dict):
        raise misfit("ListAuditLogsResponse", "an object", data)
    data = ListAuditLogsResponse.from_dict(data)
    decoded: ListAuditLogsResponse = data
    return decoded
