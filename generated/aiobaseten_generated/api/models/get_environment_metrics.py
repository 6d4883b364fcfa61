from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.get_model_metrics_response import GetModelMetricsResponse
from ...models.model_metric_mode import ModelMetricMode
from ...types import UNSET, Unset


def operation(
    model_id: str,
    env_name: str,
    *,
    mode: ModelMetricMode | Unset = UNSET,
    start_epoch_millis: int | None | Unset = UNSET,
    end_epoch_millis: int | None | Unset = UNSET,
    metrics: list[str] | Unset = UNSET,
) -> Operation[GetModelMetricsResponse]:
    """Get the metrics of an environment of a model

    Measurements in a window of time, of all deployments that served the environment together.
    So a promotion shows the old deployment and the new one as one. A series begins a new step
    at each promotion. Baseten calls the route unstable.
    """
    params: dict[str, Any] = {}

    json_mode: str | Unset = UNSET
    if not isinstance(mode, Unset):
        json_mode = mode.value

    params["mode"] = json_mode

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

    json_metrics: list[str] | Unset = UNSET
    if not isinstance(metrics, Unset):
        json_metrics = metrics

    params["metrics"] = json_metrics

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    return Operation(
        method="GET",
        path="/v1/models/{model_id}/environments/{env_name}/metrics",
        url="/v1/models/{model_id}/environments/{env_name}/metrics".format(
            model_id=quote(model_id, safe=""),
            env_name=quote(env_name, safe=""),
        ),
        parse=_parse,
        params=params or None,
    )


def _parse(data: Any) -> GetModelMetricsResponse:
    if not isinstance(data, dict):
        raise misfit("GetModelMetricsResponse", "an object", data)
    data = GetModelMetricsResponse.from_dict(data)
    decoded: GetModelMetricsResponse = data
    return decoded
