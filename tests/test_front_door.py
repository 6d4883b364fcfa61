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
