"""Text and data of strangers, in every place where Airflow stores or sends them."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from airflow.sdk.serde import deserialize, serialize

from aiobaseten.airflow._outcomes import failed
from aiobaseten.airflow._plain import plain
from aiobaseten.errors import ConfigurationError


def nested(levels: int) -> Any:
    value: Any = "end"
    for _ in range(levels):
        value = [value]
    return value


STRANGE = {
    "surrogate": "a\udcff",
    "NUL": "a\0b",
    "not a number": math.nan,
    "infinity": -math.inf,
    "large": 2**63,
    "larger": 10**5000,
    "small": -(2**63) - 1,
    "time": datetime(2026, 11, 26, tzinfo=UTC),
    "object": object(),
    "tuple": (1, {"a\0": None}),
    "class": {"__classname__": "builtins.dict", "__version__": 1, "__data__": {}},
    "old class": {"__type": "set", "__var": [1]},
    "id": {"__id__": "x", "__cache__": 1},
    "deep": nested(3000),
    5: "a number as a key",
}


def stored_and_loaded(value: Any) -> Any:
    """The value after Airflow has sent it to another process, stored it, and loaded it."""
    sent = msgspec.msgpack.decode(msgspec.msgpack.encode(value))
    text = json.dumps(serialize(sent), allow_nan=False, ensure_ascii=False)
    assert "\\u0000" not in text  # Postgres stores everything else
    return deserialize(json.loads(text.encode()))


@pytest.mark.parametrize("name", STRANGE)
def test_data_of_strangers_can_be_stored_and_loaded(name: object) -> None:
    value = plain({name: STRANGE[name]})

    assert stored_and_loaded(value) == value


def test_data_that_can_be_stored_is_not_changed() -> None:
    value = {"a": [1, -1.5, True, None, "ü\n\t"], "b_c": {"_x": 2**63 - 1}}

    assert plain(value) == value


def test_a_message_and_notes_with_strange_text_fail_a_task_that_can_be_stored() -> None:
    error = ConfigurationError("no model \udcff\0")
    error.add_note("note \udcff\0")

    outcome = failed(error)

    assert stored_and_loaded(outcome) == outcome
    assert outcome["message"] == "no model \ufffd\ufffd"
