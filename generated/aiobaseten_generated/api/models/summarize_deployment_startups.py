from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.startup_summary import StartupSummary
from ...types import UNSET, Unset


def operation(
    model_id: str,
    deployment_id: str,
    *,
    start_epoch_millis: int,
    end_epoch_millis: int,
    min_duration_ms: int | None | Unset = UNSET,
) -> Operation[StartupSummary]:
    """Summarize the startups of a deployment of a model

    How long startups and their phases took.
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

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    return Operation(
        method="GET",
        path="/v1/models/{model_id}/deployments/{deployment_id}/startups/summary",
        url="/v1/models/{model_id}/deployments/{deployment_id}/startups/summary".format(
            model_id=quote(model_id, safe=""),
            deployment_id=quote(deployment_id, safe=""),
        ),
        parse=_parse,
        params=params or None,
    )


def _parse(data: Any) -> StartupSummary:
    if not isinstance(data, dict):
        raise misfit("StartupSummary", "an object", data)
    data = StartupSummary.from_dict(data)
    decoded: StartupSummary = data
    return decoded
