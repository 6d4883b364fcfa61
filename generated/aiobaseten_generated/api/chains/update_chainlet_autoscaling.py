from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.update_autoscaling_settings_response import UpdateAutoscalingSettingsResponse
from ...models.update_chainlet_environment_autoscaling_settings_request import (
    UpdateChainletEnvironmentAutoscalingSettingsRequest,
)


def operation(
    chain_id: str,
    env_name: str,
    *,
    body: UpdateChainletEnvironmentAutoscalingSettingsRequest,
) -> Operation[UpdateAutoscalingSettingsResponse]:
    """Change the autoscaling of chainlets in an environment

    Only the chainlets and the fields that are sent change. The name of an unknown chainlet is
    an error.
    """

    return Operation(
        method="PATCH",
        path="/v1/chains/{chain_id}/environments/{env_name}/chainlet_settings/autoscaling_settings",
        url="/v1/chains/{chain_id}/environments/{env_name}/chainlet_settings/autoscaling_settings".format(
            chain_id=quote(chain_id, safe=""),
            env_name=quote(env_name, safe=""),
        ),
        parse=_parse,
        body=body.to_dict(),
    )


def _parse(data: Any) -> UpdateAutoscalingSettingsResponse:
    if not isinstance(data, dict):
        raise misfit("UpdateAutoscalingSettingsResponse", "an object", data)
    data = UpdateAutoscalingSettingsResponse.from_dict(data)
    decoded: UpdateAutoscalingSettingsResponse = data
    return decoded
