from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.cancel_promotion_response import CancelPromotionResponse


def operation(
    model_id: str,
    env_name: str,
) -> Operation[CancelPromotionResponse]:
    """Cancel model promotion

    Cancels an ongoing promotion to an environment and returns the cancellation status.
    """

    return Operation(
        method="POST",
        path="/v1/models/{model_id}/environments/{env_name}/cancel_promotion",
        url="/v1/models/{model_id}/environments/{env_name}/cancel_promotion".format(
            model_id=quote(model_id, safe=""),
            env_name=quote(env_name, safe=""),
        ),
        parse=_parse,
    )


def _parse(data: Any) -> CancelPromotionResponse:
    if not isinstance(data, dict):
        raise misfit("CancelPromotionResponse", "an object", data)
    data = CancelPromotionResponse.from_dict(data)
    decoded: CancelPromotionResponse = data
    return decoded
