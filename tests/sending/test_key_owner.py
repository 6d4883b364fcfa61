"""The user of a key that was refused (403): told by a call, never by a look, never an error."""

from __future__ import annotations

import asyncio
import copy
import pickle

import pytest

from aiobaseten import Baseten
from aiobaseten.errors import NotFoundError, PermissionDeniedError
from aiobaseten.testing import FakeBaseten

pytestmark = pytest.mark.looptime
ME = "GET /v1/users/me"


@pytest.fixture
def fake() -> FakeBaseten:
    fake = FakeBaseten()
    model = fake.model("m")
    model.deployment("old")
    model.deployment("new")
    model.environment("restricted", current="old", restricted=True)
    return fake


def asked_for_owner(fake: FakeBaseten) -> int:
    return sum(one.path == "/v1/users/me" for one in fake.requests)


async def refusal(baseten: Baseten) -> PermissionDeniedError:
    with pytest.raises(PermissionDeniedError) as caught:
        await baseten.model("m").environment("restricted").promote("new")
    return caught.value


async def test_a_refused_call_names_the_user_of_the_key(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    user = await baseten.whoami()

    error = await refusal(baseten)

    assert error.key_owner is not None
    assert str(user.email) in error.key_owner
    assert error.key_owner in str(error)
    for other in (copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
        assert str(other) == str(error)


async def test_the_user_is_asked_for_once(fake: FakeBaseten, baseten: Baseten) -> None:
    first = await refusal(baseten)
    errors = await asyncio.gather(refusal(baseten), refusal(baseten))

    assert {first.key_owner} == {one.key_owner for one in errors}
    assert asked_for_owner(fake) == 1


@pytest.mark.parametrize("trouble", ["refuses", "hangs", "fails", "nonsense"])
async def test_if_the_user_is_not_known_soon_the_refusal_stays(
    fake: FakeBaseten, baseten: Baseten, trouble: str
) -> None:
    if trouble == "refuses":
        fake.faults.status(403, route=ME)
    elif trouble == "hangs":
        fake.faults.hang(route=ME)
    elif trouble == "fails":
        fake.faults.status(503, route=ME, times=9)
    else:
        fake.faults.html(200, route=ME)
    began = asyncio.get_running_loop().time()

    error = await refusal(baseten)

    assert error.key_owner is None
    assert asyncio.get_running_loop().time() - began <= 2.01
    assert asked_for_owner(fake) == 1


async def test_a_look_that_is_refused_asks_for_nothing(fake: FakeBaseten, baseten: Baseten) -> None:
    fake.faults.status(403, route="GET /v1/models/m/deployments/new", times=9)

    with pytest.raises(PermissionDeniedError):
        await baseten.model("m").deployment("new").wait_until_active(timeout=60)

    assert asked_for_owner(fake) == 0


async def test_a_refusal_of_a_proxy_asks_for_nothing(fake: FakeBaseten, baseten: Baseten) -> None:
    fake.faults.html(403, route="POST /v1/models/m/environments/restricted/promote")

    assert (await refusal(baseten)).key_owner is None
    assert asked_for_owner(fake) == 0


async def test_another_refusal_asks_for_nothing(fake: FakeBaseten, baseten: Baseten) -> None:
    with pytest.raises(NotFoundError):
        await baseten.model("m").environment("nowhere").promote("new")

    assert asked_for_owner(fake) == 0
