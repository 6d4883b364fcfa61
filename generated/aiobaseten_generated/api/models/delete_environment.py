from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.environment_tombstone import EnvironmentTombstone


def operation(
    model_id: str,
    env_name: str,
) -> Operation[EnvironmentTombstone]:
    """Delete an environment of a model

    Cancels a promotion that is under way, and scales the deployment that serves to zero
    without deleting it. The environment production cannot be deleted.
    """

    return Operation(
        method="DELETE",
        path="/v1/models/{model_id}/environments/{env_name}",
        url="/v1/models/{model_id}/environments/{env_name}".format(
            model_id=quote(model_id, safe=""),
            env_name=quote(env_name, safe=""),
        ),
        parse=_parse,
    )


def _parse(data: Any) -> EnvironmentTombstone:
    if not isinstance(data, dict):
        raise misfit("EnvironmentTombstone", "an object", data)
    data = EnvironmentTombstone.from_dict(data)
    decoded: EnvironmentTombstone = data
    return decoded
