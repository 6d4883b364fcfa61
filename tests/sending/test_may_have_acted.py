"""`may_have_acted`: whether a write that failed may have had an effect all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aiobaseten import Baseten
from aiobaseten.errors import BasetenError
from aiobaseten.options import RetryPolicy
from aiobaseten.testing import FakeBaseten

pytestmark = pytest.mark.looptime

DEPLOYMENT = "/v1/models/m/deployments/d"
LOST = ("reset", "cut", "empty", "garbage", "hang")


def answer(status: int) -> Callable[[FakeBaseten], Any]:
    return lambda fake: fake.faults.status(status, times=None)


def trouble(name: str) -> Callable[[FakeBaseten], Any]:
    return lambda fake: getattr(fake.faults, name)(times=None)


@pytest.mark.parametrize(
    ("fault", "may_have_acted"),
    [
        *(pytest.param(answer(one), True, id=str(one)) for one in (408, 500, 502, 504, 524)),
        *(pytest.param(answer(one), False, id=str(one)) for one in (400, 401, 404, 409, 422, 429)),
        *(pytest.param(trouble(one), True, id=one) for one in LOST),
        pytest.param(trouble("refuse"), False, id="refuse"),
    ],
)
async def test_only_a_write_whose_response_is_lost_may_have_acted(
    fake: FakeBaseten, fault: Callable[[FakeBaseten], Any], *, may_have_acted: bool
) -> None:
    fake.model("m").deployment("d")
    fault(fake)

    async with fake.client(retry=RetryPolicy(attempts=1)) as baseten:
        deployment = baseten.model("m").deployment("d")
        write = await error_of(deployment.rename("other"))
        read = await error_of(deployment.get())

    assert write.may_have_acted is may_have_acted
    assert not read.may_have_acted


async def test_an_argument_that_is_refused_has_not_acted(baseten: Baseten) -> None:
    error = await error_of(baseten.model("m").deployment("d").rename(""))

    assert not error.may_have_acted


async def error_of(call: Any) -> BasetenError:
    """The error with which a call ends."""
    with pytest.raises(BasetenError) as caught:
        await call
    return caught.value
