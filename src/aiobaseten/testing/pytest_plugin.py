"""The fixture ``fake_baseten``, for those who ask for it.

One line in the ``conftest.py`` at the top of your tests::

    pytest_plugins = ["aiobaseten.testing.pytest_plugin"]

It is no entry point: whoever has aiobaseten installed but does not test with it would import
Starlette and httpx at the start of every pytest.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any, Final

import pytest

from ._fake import FakeBaseten

_FAILED: Final = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember that a test failed: what it then left undone is no news."""
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
    return report


@pytest.fixture
def fake_baseten_options() -> dict[str, Any]:
    """What `FakeBaseten` is made with. Override it, or parametrise it, to have another."""
    return {}


@pytest.fixture
def fake_baseten(
    request: pytest.FixtureRequest, fake_baseten_options: dict[str, Any]
) -> Iterator[FakeBaseten]:
    """A `FakeBaseten` with nothing in it, whose time begins with its first use in the test.

    A test that passed fails after all if something that it planned has not happened. One that is
    marked ``looptime`` fails at once where nothing knows that mark: it would wait for real hours.
    """
    if request.node.get_closest_marker("looptime") and not _knows_looptime(request.config):
        pytest.fail("this test is marked looptime: pip install looptime", pytrace=False)
    fake = FakeBaseten(**fake_baseten_options)
    yield fake
    if request.node.stash.get(_FAILED, False):
        return
    left = fake.leftovers()
    if left is not None:
        # A traceback would show this file: what helps is the message.
        pytest.fail(f"fake_baseten: {left}", pytrace=False)


def _knows_looptime(config: pytest.Config) -> bool:
    return any(line.startswith("looptime") for line in config.getini("markers"))
