"""Fixtures of the command line's tests."""

from __future__ import annotations

import pytest

from .command import stage

shell = pytest.fixture(name="shell")(stage)
