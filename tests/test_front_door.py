"""``import aiobaseten`` is cheap, and loads each public name on first use."""

from __future__ import annotations

import subprocess
import sys

import pytest

import aiobaseten


def run(program: str) -> str:
    """The output of a program in a new Python process."""
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    )
    return found.stdout.strip()


def test_importing_it_loads_no_http_client() -> None:
    assert run("import sys, aiobaseten; print('httpx' in sys.modules)") == "False"


def test_a_star_import_gets_every_public_name() -> None:
    program = "from aiobaseten import *; import aiobaseten as a; print(set(a.__all__) - {*dir()})"

    assert run(program) == "set()"


def test_dir_lists_all_names_before_their_first_use() -> None:
    assert run("import aiobaseten as a; print({*a.__all__} - {*dir(a)})") == "set()"


@pytest.mark.parametrize("name", aiobaseten.__all__)
def test_each_name_is_the_same_each_time(name: str) -> None:
    assert getattr(aiobaseten, name) is getattr(aiobaseten, name)


def test_a_name_that_it_does_not_have_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Basetenn'"):
        _ = aiobaseten.Basetenn


# --- first use -----------------------------------------------------------------------------------

# Modules that most programs never need. Reading loads none of them; the first request that changes
# something and the first wait load all that they may need.
RARELY_NEEDED = {
    "_asking",
    "_audit_log",
    "_configuring",
    "_finding",
    "_guarding",
    "_identifying",
    "_measuring",
    "_moving",
    "_planning",
    "_predecessor",
    "_releases",
    "_rolling_back",
    "_startups",
    "_taking_back",
    "_verdict",
    "_waiting.cancellation",
    "_waiting.follower",
    "_waiting.guard",
    "_waiting.guard_policy",
    "_waiting.guard_verdicts",
    "_waiting.settings",
    "_waiting.watching",
    "airflow",
    "audit",
    "chains",
    "cli",
    "guard",
    "logs",
    "metrics",
    "plans",
    "settings",
    "testing",
}
LOADED = (
    "print(*[n.removeprefix('aiobaseten.') for n in sys.modules if n.startswith('aiobaseten')])"
)


def modules(program: str) -> set[str]:
    """The modules of ours that a program lists."""
    return {one.removeprefix("aiobaseten.") for one in run(program).split()}


def test_importing_the_client_loads_what_sends_requests_and_no_more() -> None:
    loaded = modules(f"import sys; from aiobaseten import Baseten; {LOADED}")

    assert {name.partition(".")[0] for name in loaded} == {
        "_arguments",
        "_clock",
        "_first_use",
        "_numbers",
        "_sending",
        "_status",
        "_version",
        "_waiting",
        "aiobaseten",
        "aiobaseten_generated",
        "client",
        "errors",
        "options",
    }
    assert {one for one in loaded if one.startswith("_waiting.")} == {"_waiting.schedule"}
    assert {one for one in loaded if "_generated." in one} == {"aiobaseten_generated.client"}


def test_importing_the_client_loads_no_transport() -> None:
    program = "import sys; from aiobaseten import Baseten; print('httpcore' in sys.modules)"

    assert run(program) == "False"


def test_reading_loads_only_what_it_needs() -> None:
    program = f"""
import asyncio, sys
import httpx
from aiobaseten import Baseten

def answer(request):
    return httpx.Response(200, json={{"name": "e1", "current_deployment": None}})

async def main():
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    async with http, Baseten(api_key="k", http_client=http) as baseten:
        await baseten.model("m1").environment("e1").get()

asyncio.run(main())
{LOADED}
"""
    loaded = modules(program)

    assert loaded & RARELY_NEEDED == set()
    assert "models" in loaded


def test_nothing_is_imported_after_a_promotion_was_sent() -> None:
    """If no file descriptor is left, or the files are gone, no token and no guard may be lost."""
    program = """
import asyncio, sys
import httpx
from aiobaseten import Baseten, Guard, RetryPolicy, check
from aiobaseten.testing import CompressedClock, FakeBaseten

class Broken:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("aiobaseten") and "testing" not in name:
            raise OSError(24, "Too many open files", name)

class Breaking(httpx.AsyncBaseTransport):
    def __init__(self, real):
        self.real = real
    async def handle_async_request(self, request):
        if request.method == "POST" and not isinstance(sys.meta_path[0], Broken):
            sys.meta_path.insert(0, Broken())
        return await self.real.handle_async_request(request)

async def end(baseten, kind, *args, **options):
    try:
        promotion = await baseten.model(kind).environment("production").promote(*args, **options)
        await promotion.wait()
    except Exception as error:
        print(kind, type(error).__name__, bool(getattr(error, "token", None)))
    else:
        print(kind, "live")

async def bad(step):
    return False

async def main():
    fake = FakeBaseten(speed=1000)
    for kind, end_of in (("lost", "ACTIVE"), ("failing", "BUILD_FAILED"), ("guarded", "ACTIVE")):
        model = fake.model(kind)
        model.deployment("d0")
        model.deployment("d1", on_promote=[("BUILDING", 5), ("LOADING_MODEL", 5), end_of])
        model.environment("production", current="d0", rolling=True)
    fake.faults.status(500, times=1, route="POST", acts=True)
    http = httpx.AsyncClient(transport=Breaking(fake.transport()))
    async with http, Baseten(
        api_key=fake.api_key,
        http_client=http,
        clock=CompressedClock(1000),
        retry=RetryPolicy(attempts=1),
    ) as baseten:
        await end(baseten, "lost", "d1")
        await end(baseten, "failing", "d1")
        await end(baseten, "guarded", "d1", guard=Guard(check("own", bad)))

asyncio.run(main())
"""
    assert run(program).splitlines() == [
        "lost live",
        "failing PromotionFailedError True",
        "guarded GuardBreachedError True",
    ]


@pytest.mark.parametrize("error", ["OSError(24, 'Too many open files')", "ImportError('gone')"])
def test_a_part_that_cannot_be_loaded_is_an_error_of_ours_and_nothing_is_sent(error: str) -> None:
    program = f"""
import asyncio, sys
from aiobaseten import Baseten, Guard, Token, check
from aiobaseten.errors import ConfigurationError
from aiobaseten.testing import FakeBaseten

class Broken:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("aiobaseten"):
            raise {error}

async def bad(step):
    return False

async def fails(name, call):
    sys.meta_path.insert(0, Broken())
    try:
        await call()
    except ConfigurationError as error:
        print(name, type(error.__cause__).__name__, "nothing was sent" in str(error))
    sys.meta_path.pop(0)

async def main():
    fake = FakeBaseten(speed=1000)
    model = fake.model("m1")
    for one in ("d0", "d1"):
        model.deployment(one)
    model.environment("production", current="d0").promote("d1")
    names = dict(resource_id="m1", environment_name="production", deployment_id="d1")
    token = Token(kind="model promotion", hold=60, **names).dump()
    async with fake.client() as baseten:
        async def resume(**options):
            return await baseten.resume(token, **options)
        guard = Guard(check("own", bad))
        await fails("resume", lambda: resume(guard=guard))
        promotion = await resume(guard=None)
        guarded = await resume(guard=guard)
        environment = baseten.model("m1").environment("production")
        await fails("wait", promotion.wait)
        await fails("guarded", guarded.wait)
        await fails("promote", lambda: environment.promote("d0", if_in_progress="send"))
        assert all(one.method == "GET" for one in fake.requests)
        await promotion.wait()
    print(environment.name, "live")

asyncio.run(main())
"""
    cause = error.partition("(")[0]
    calls = ("resume", "wait", "guarded", "promote")
    assert run(program).splitlines() == [
        *(f"{call} {cause} True" for call in calls),
        "production live",
    ]
