"""Imports that wait for their first use: a program pays only for the parts that it needs.

To read a deployment, a program needs neither guards nor plans, metrics or audit logs, and few of
the schemas. Loading everything takes more than twice as long. So a module that most programs never
need is imported twice where it is used: for type checkers, under ``TYPE_CHECKING``, and with
`on_first_use` at runtime. A package whose names are rarely needed together gets its ``__getattr__``
and its ``__dir__`` from `names_of`. A test lists the modules that programs load. Python 3.15 has
``lazy import`` for this.

An import may fail at any time: no file descriptor is left, or the files are being replaced. After a
promotion was sent, that would lose its token, or switch its guard off. So `load_the_rest` imports
everything before the first request that changes something, and before each wait. A first use that
fails is a `ConfigurationError`, with the failure as its cause.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import resolve_name
from typing import Any

_later: set[str] = set()


class _Later:
    """Stands for a module until, and after, somebody needs it."""

    __slots__ = ("_name", "_names")

    def __init__(self, name: str) -> None:
        self._name = name
        self._names: Mapping[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if name in self._names:
            return self._names[name]
        value = _load(self._name, name)
        self._names = vars(_load(self._name))
        return value


def on_first_use(name: str) -> Any:
    """Stands for a module. A name with a dot first is of this package."""
    _later.add(name)
    return _Later(name)


def load_the_rest() -> None:
    """Import everything that waits for its first use.

    Raises:
        ConfigurationError: It cannot be loaded. The next call tries again.
    """
    while _later:
        for later in tuple(_later):
            module = _load(later)
            # A package of generated code imports each of its names on its first use.
            for name in getattr(module, "__all__", ()):
                _load(later, name)
            _later.discard(later)


def names_of(
    package: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """The ``__getattr__`` and the ``__dir__`` of a package.

    Args:
        package: Its ``__name__``.
        homes: The module of each name, relative to the package or absolute.
    """
    _later.update(resolve_name(home, package) for home in homes.values())

    def get(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value: object = _load(homes[name], name, package)
        vars(import_module(package))[name] = value
        return value

    def names() -> list[str]:
        return sorted(vars(import_module(package)).keys() | homes.keys())

    return get, names


def _load(module: str, name: str | None = None, package: str | None = __package__) -> Any:
    """A module, or one of its names.

    Raises:
        ConfigurationError: It cannot be loaded.
    """
    try:
        loaded = import_module(module, package)
        return loaded if name is None else getattr(loaded, name)
    except (ImportError, OSError) as error:
        # The errors stand on a floor above, and whoever uses anything has loaded them.
        errors: Any = import_module(".errors", __package__)
        raise errors.ConfigurationError(
            f"aiobaseten could not be loaded completely ({error}): nothing was sent"
        ) from error
