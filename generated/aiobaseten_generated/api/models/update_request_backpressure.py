from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.request_backpressure_settings import RequestBackpressureSettings
from ...models.update_request_backpressure_settings import UpdateRequestBackpressureSettings


def operation(
    model_id: str,
    deployment_id: str,
    *,
    body: UpdateRequestBackpressureSettings,
) -> Operation[RequestBackpressureSettings]:
    """Change what becomes of requests to a deployment that find no free replica"""

    return Operation(
        method="PATCH",
        path="/v1/models/{model_id}/deployments/{deployment_id}/request_backpressure_settings",
        url="/v1/models/{model_id}/deployments/{deployment_id}/request_backpressure_settings".format(
            model_id=quote(model_id, safe=""),
            deployment_id=quote(deployment_id, safe=""),
        ),
        parse=_parse,
        body=body.to_dict(),
    )


def _parse(data: Any) -> RequestBackpressureSettings:
    if not isinstance(data, dict):
        raise misfit("RequestBackpressureSettings", "an object", data)
    data = RequestBackpressureSettings.from_dict(data)
    decoded: RequestBackpressureSettings = data
    return decoded
