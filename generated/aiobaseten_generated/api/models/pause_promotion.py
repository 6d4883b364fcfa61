from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...models.signal_promotion_response_v1 import SignalPromotionResponseV1


def operation(
    model_id: str,
    env_name: str,
) -> Operation[SignalPromotionResponseV1]:
    """Pause a promotion

    Takes effect at the next step, once replicas already changing have settled.
    """

    return Operation(
        method="POST",
        path="/v1/models/{model_id}/environments/{env_name}/pause_promotion",
        url="/v1/models/{model_id}/environments/{env_name}/pause_promotion".format(
            model_id=quote(model_id, safe=""),
            env_name=quote(env_name, safe=""),
        ),
        parse=_parse,
    )


def _parse(data: Any) -> SignalPromotionResponseV1:
    response_200_object = data
    if not isinstance(response_200_object, dict):
        raise TypeError(
            "SignalPromotionResponseV1 must be an object, not " + type(response_200_object).__name__
        )
    response_200 = SignalPromotionResponseV1.from_dict(response_200_object)

    return response_200
