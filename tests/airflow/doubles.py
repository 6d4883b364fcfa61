"""What stands in for the rest of Airflow in tests that need no database."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest


def connect(monkeypatch: pytest.MonkeyPatch, url: str, **fields: Any) -> None:
    """Give Airflow the connection ``baseten_default``."""
    connection = {"conn_type": "baseten", "host": url, "password": "test-key", **fields}
    monkeypatch.setenv("AIRFLOW_CONN_BASETEN_DEFAULT", json.dumps(connection))


class StateStore:
    """What Airflow keeps with a task instance, over its tries."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}
        self.fails = False

    def get(self, key: str, default: Any = None) -> Any:
        return self.kept.get(key, default)

    def set(self, key: str, value: Any) -> None:
        if self.fails:
            raise ConnectionError("the API server is gone")
        self.kept[key] = json.loads(json.dumps(value))

    def delete(self, key: str) -> None:
        self.kept.pop(key, None)


class TaskRun:
    """A task instance, over its tries."""

    def __init__(self) -> None:
        self.store = StateStore()
        self.ti = SimpleNamespace(max_tries=2)

    def context(self) -> Any:
        """What Airflow hands to one try."""
        return {"task_state_store": self.store, "ti": self.ti}

    def clear(self) -> None:
        """As a user does it: new tries are granted."""
        self.ti.max_tries += 3
