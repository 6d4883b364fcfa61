from typing import Any
from urllib.parse import quote

from ...client import Operation
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
    response_200_object = data
    if not isinstance(response_200_object, dict):
        raise TypeError(
            "CancelPromotionResponse must be an object, not " + type(response_200_object).__name__
        )
    response_200 = CancelPromotionResponse.from_dict(response_200_object)

    return response_200
