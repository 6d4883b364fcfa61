from typing import Any
from urllib.parse import quote

from ...client import Operation
from ...misfits import misfit
from ...models.signal_promotion_response import SignalPromotionResponse


def operation(
    model_id: str,
    env_name: str,
) -> Operation[SignalPromotionResponse]:
    """Cancel a promotion at once

    All traffic returns to the previous deployment immediately, which may not have the
    replicas for it.
    """

    return Operation(
        method="POST",
        path="/v1/models/{model_id}/environments/{env_name}/force_cancel_promotion",
        url="/v1/models/{model_id}/environments/{env_name}/force_cancel_promotion".format(
            model_id=quote(model_id, safe=""),
            env_name=quote(env_name, safe=""),
        ),
        parse=_parse,
    )


def _parse(data: Any) -> SignalPromotionResponse:
    if not isinstance(data, dict):
        raise misfit("SignalPromotionResponse", "an object", data)
    data = SignalPromotionResponse.from_dict(data)
    decoded: SignalPromotionResponse = data
    return decoded
