"""Tools that read type hints at run time find every name in the public modules."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import typing

import pytest

import aiobaseten

PUBLIC = [
    f"aiobaseten.{one.name}"
    for one in pkgutil.iter_modules(aiobaseten.__path__)
    if not one.name.startswith("_") and one.name not in {"airflow", "cli", "testing"}
]
CLASSES = [
    one
    for one in (getattr(aiobaseten, name) for name in aiobaseten.__all__)
    if isinstance(one, type)
]


@pytest.mark.parametrize("owner", CLASSES, ids=lambda one: one.__name__)
def test_the_names_of_public_modules_complete_the_type_hints(owner: type) -> None:
    names = {
        name: getattr(module, name)
        for module in map(importlib.import_module, PUBLIC)
        for name in dir(module)
        if not name.startswith("_")
    }

    for function in vars(owner).values():
        if inspect.isfunction(function) and not function.__name__.startswith("_"):
            typing.get_type_hints(function, localns=names)
