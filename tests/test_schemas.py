"""The public schemas: their names, and what decoding makes of answers that do not fit the spec."""

from __future__ import annotations

import pytest

from aiobaseten import schemas


@pytest.mark.parametrize("name", schemas.__all__)
def test_a_schema_calls_itself_by_its_public_name(name: str) -> None:
    assert getattr(schemas, name).__qualname__ == name
