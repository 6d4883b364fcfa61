"""A pytest plugin with the fixture ``fake_baseten``.

One line in the ``conftest.py`` at the top of your tests::

    pytest_plugins = ["aiobaseten.testing.pytest_plugin"]

It is not an entry point: every pytest of every user of aiobaseten would then import Starlette and
httpx.
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
    """Remember that a test failed: its leftovers are then of no interest."""
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
    return report


@pytest.fixture
def fake_baseten_options() -> dict[str, Any]:
    """The arguments for `FakeBaseten`. Override or parametrize this fixture to change them."""
    return {}


@pytest.fixture
def fake_baseten(
    request: pytest.FixtureRequest, fake_baseten_options: dict[str, Any]
) -> Iterator[FakeBaseten]:
    """An empty `FakeBaseten`, whose time begins with its first use in the test.

    A test fails at its end if something that it planned has not happened. A test marked
    ``looptime`` fails at once if looptime is not installed. Without it, the test would wait for
    hours of real time.
    """
    if request.node.get_closest_marker("looptime") and not _knows_looptime(request.config):
        pytest.fail("this test is marked looptime: pip install looptime", pytrace=False)
    fake = FakeBaseten(**fake_baseten_options)
    yield fake
    if request.node.stash.get(_FAILED, False):
        return
    left = fake.leftovers()
    if left is not None:
        # A traceback would show this file. The message is enough.
        pytest.fail(f"fake_baseten: {left}", pytrace=False)


def _knows_looptime(config: pytest.Config) -> bool:
    return any(line.startswith("looptime") for line in config.getini("markers"))
