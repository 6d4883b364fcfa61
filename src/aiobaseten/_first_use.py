"""Imports that wait for their first use: a program pays only for the parts that it needs.

To promote a deployment, a program needs neither guards nor plans, metrics or audit logs, and few of
the schemas. Loading everything took more than twice as long. So a module that most programs never
need is imported twice where it is used: for type checkers, under ``TYPE_CHECKING``, and with
`on_first_use` at runtime. A package whose names are rarely needed together gets its ``__getattr__``
from `names_of`. A test lists the modules that programs load. Python 3.15 has ``lazy import`` for
this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


class _Later:
    """Stands for a module until, and after, somebody needs it."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._name, __package__), name)


def on_first_use(name: str) -> Any:
    """Stands for a module. A name with a dot first is of this package."""
    return _Later(name)


def names_of(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """The ``__getattr__`` of a package.

    Args:
        package: Its ``__name__``.
        homes: The module of each name, relative to the package or absolute.
    """

    def get(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value: object = getattr(import_module(homes[name], package), name)
        vars(import_module(package))[name] = value
        return value

    return get
