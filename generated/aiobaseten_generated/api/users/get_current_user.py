from typing import Any

from ...client import Operation
from ...misfits import misfit
from ...models.user import User


def operation() -> Operation[User]:
    """Get the user that the key belongs to

    Baseten marks this operation as unstable.
    """

    return Operation(
        method="GET",
        path="/v1/users/me",
        url="/v1/users/me",
        parse=_parse,
    )


def _parse(data: Any) -> User:
    if not isinstance(data, dict):
        raise misfit("User", "an object", data)
    data = User.from_dict(data)
    decoded: User = data
    return decoded
