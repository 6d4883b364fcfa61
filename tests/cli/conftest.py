"""Fixtures of the command line's tests."""

from __future__ import annotations

import signal

import pytest

from .command import stage

shell = pytest.fixture(name="shell")(stage)

# A shell starts background jobs with ctrl-c ignored, and so would every process of these tests.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
