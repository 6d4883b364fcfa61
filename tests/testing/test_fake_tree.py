"""The fake's two wings: each lists all its modules for newcomers."""

import re
from pathlib import Path
from types import ModuleType

import pytest

from aiobaseten.testing import _http, _world


@pytest.mark.parametrize("wing", [_http, _world], ids=lambda wing: wing.__name__)
def test_the_docstring_of_a_wing_lists_all_its_modules(wing: ModuleType) -> None:
    (folder,) = wing.__path__
    modules = {path.stem for path in Path(folder).glob("*.py")} - {"__init__"}
    table = [line for line in (wing.__doc__ or "").splitlines() if line.startswith("``")]

    listed = {name for line in table for name in re.findall(r"``(\w+)``", line[:26])}
    assert listed == modules
