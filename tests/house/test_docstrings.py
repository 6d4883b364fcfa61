"""What can be awaited says what it raises, and what leaving it leaves behind."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import aiobaseten

AWAITABLE = [
    aiobaseten.Baseten,
    aiobaseten.Cancellation,
    aiobaseten.ChainDeploymentHandle,
    aiobaseten.ChainEnvironmentHandle,
    aiobaseten.ChainHandle,
    aiobaseten.ChainPromotion,
    aiobaseten.ModelDeploymentHandle,
    aiobaseten.ModelEnvironmentHandle,
    aiobaseten.ModelHandle,
    aiobaseten.ModelPromotion,
]


def methods() -> Iterator[Any]:
    """Every public coroutine function, and every method that gives events."""
    for cls in AWAITABLE:
        for name, method in inspect.getmembers(cls, inspect.isfunction):
            if name.startswith("_"):
                continue
            if inspect.iscoroutinefunction(method) or name == "events":
                yield pytest.param(method, id=f"{cls.__name__}.{name}")


EVERY = pytest.mark.parametrize("method", list(methods()))


def test_every_class_with_coroutines_is_listed_here() -> None:
    public = [getattr(aiobaseten, name) for name in aiobaseten.__all__]

    def can_be_awaited(one: object) -> bool:
        return inspect.isclass(one) and any(
            inspect.iscoroutinefunction(method)
            for name, method in inspect.getmembers(one, inspect.isfunction)
            if not name.startswith("_")
        )

    assert [one for one in public if can_be_awaited(one)] == AWAITABLE


@EVERY
def test_a_docstring_names_the_errors(method: Callable[..., Any]) -> None:
    text = inspect.getdoc(method) or ""

    assert "Raises:\n" in text
    assert "Error: " in text.partition("Raises:\n")[2]


@EVERY
def test_a_docstring_describes_cancellation(method: Callable[..., Any]) -> None:
    said = " ".join((inspect.getdoc(method) or "").split())

    assert any(phrase in said for phrase in ("Cancelling this", "Leaving the loop"))


@EVERY
def test_a_docstring_describes_each_argument(method: Callable[..., Any]) -> None:
    text = inspect.getdoc(method) or ""
    arguments = [name for name in inspect.signature(method).parameters if name != "self"]

    described = [name for name in arguments if f"\n    {name}: " in text.partition("Args:")[2]]

    assert described == arguments


WAITS = [one for one in methods() if one.values[0].__name__.startswith("wait")]


@pytest.mark.parametrize("method", WAITS)
def test_the_docstring_of_a_wait_describes_the_timeout(method: Callable[..., Any]) -> None:
    said = " ".join((inspect.getdoc(method) or "").split())

    assert "WaitTimeoutError: Time ran out. Baseten keeps working on it." in said
    assert "stops the wait" in said
    assert "nothing is left running" in said
