"""Ids and names: which are valid, and advice about unknown ones."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final

# In place of a deployment's id, these mean a role (domain knowledge of the API).
RESERVED_IDS: Final = ("production", "development")
_SHOWN: Final = 10


def check_id(name: str) -> str:
    """Return *name* if it can be part of a path; raises ValueError if not."""
    if not (isinstance(name, str) and name and "/" not in name):
        raise ValueError(f"an id or name is a word without slashes, not {name!r}")
    return name


def check_deployment_id(deployment_id: str) -> str:
    """Return *deployment_id* if a deployment may have it; raises ValueError if not."""
    if deployment_id in RESERVED_IDS:
        raise ValueError(f"{deployment_id!r} means a role in the API: choose another id")
    return check_id(deployment_id)


def advice_to_add(method: str, name: str, known: Iterable[str]) -> str:
    """Advice about an unknown name: the known ones, and how to add this one."""
    names = list(islice(known, _SHOWN + 1))
    shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    return f"The fake has: {shown or 'none'}; add it with .{method}({name!r})."
