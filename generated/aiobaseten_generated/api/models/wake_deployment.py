from typing import Any
from urllib.parse import quote

from ...client import Operation


def operation(
    deployment_id: str,
) -> Operation[None]:
    """Wake a deployment of a model that is scaled to zero"""

    return Operation(
        method="POST",
        path="/deployment/{deployment_id}/wake",
        url="/deployment/{deployment_id}/wake".format(
            deployment_id=quote(deployment_id, safe=""),
        ),
        parse=_parse,
    )


def _parse(data: Any) -> None:
    return None  # The spec promises no body.
