"""The hook, its connection type, and the description with which Airflow finds the provider."""

from __future__ import annotations

import json
from importlib.metadata import entry_points
from importlib.resources import files
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService
from airflow.providers_manager import ProvidersManager
from airflow.sdk import Connection
from airflow.sdk.providers_manager_runtime import ProvidersManagerTaskRuntime

from aiobaseten import Baseten
from aiobaseten.airflow import BasetenHook
from aiobaseten.airflow.hook import read_connection
from aiobaseten.errors import ConfigurationError
from aiobaseten.testing import FakeBaseten

from .doubles import connect


def connection(**given: Any) -> Connection:
    return Connection(**{"conn_id": "c", "conn_type": "baseten", "password": "secret-key", **given})


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "https://api.baseten.co"),
        ({"host": "https://baseten.example"}, "https://baseten.example"),
        ({"host": "baseten.example", "port": 8443}, "https://baseten.example:8443"),
        ({"host": "127.0.0.1", "schema": "http", "port": 80}, "http://127.0.0.1:80"),
    ],
)
def test_the_host_is_the_base_url(given: dict[str, Any], url: str) -> None:
    client = read_connection(connection(**given)).client()

    assert repr(client) == f"<Baseten at {url}>"


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"password": None}, "has no password"),
        ({"conn_type": "http"}, "is of type 'http'"),
        ({"host": "http://baseten.example"}, "base_url"),
        ({"extra": "{"}, "the extra of connection c is not JSON"),
        ({"extra": "[]"}, "may contain only auth_scheme and polling_rate"),
        ({"extra": '{"pollingrate": 5}'}, "may contain only auth_scheme and polling_rate"),
        ({"extra": '{"polling_rate": "fast"}'}, "polling_rate"),
        ({"extra": '{"auth_scheme": "Basic"}'}, "auth_scheme"),
    ],
)
def test_an_invalid_connection_is_refused_with_a_sentence_that_names_the_field(
    given: dict[str, Any], part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BASETEN_API_KEY", "key-in-the-environment")

    with pytest.raises(ConfigurationError, match=part) as caught:
        read_connection(connection(**given)).client()

    assert "secret-key" not in str(caught.value)


def test_empty_fields_of_the_form_count_as_missing() -> None:
    settings = read_connection(connection(extra='{"auth_scheme": "", "polling_rate": null}'))

    assert settings == read_connection(connection())
    assert "secret-key" not in repr(settings)


async def test_the_hook_creates_a_client_with_the_settings_of_the_connection(
    fake: FakeBaseten, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.model("m1").deployment("v1")
    async with fake.serve() as url:
        connect(monkeypatch, url, extra={"auth_scheme": "Bearer", "polling_rate": 1})

        async with BasetenHook().get_conn() as baseten:
            seen = await baseten.model("m1").deployment("v1").get()

    assert isinstance(baseten, Baseten)
    assert seen.id == "v1"
    assert fake.requests[-1].auth == "Bearer"


async def test_a_missing_connection_says_how_to_add_one() -> None:
    with pytest.raises(ConfigurationError, match="add one of type baseten"):
        await BasetenHook("nowhere").settings()


def test_airflow_finds_the_provider_and_its_connection_type() -> None:
    hook = ProvidersManagerTaskRuntime().hooks["baseten"]

    assert ProvidersManager().providers["aiobaseten"].data["name"] == "Baseten"
    assert hook is not None
    assert hook.hook_class_name == "aiobaseten.airflow.hook.BasetenHook"
    assert hook.hook_name == "Baseten"


def test_the_connection_form_asks_for_the_key_and_hides_unused_fields() -> None:
    (form,) = [
        form for form in HookMetaService.hook_meta_data() if form.connection_type == "baseten"
    ]

    assert form.hook_name == "Baseten"
    assert form.standard_fields is not None
    assert form.standard_fields.password is not None
    assert form.standard_fields.password.title == "API key"
    assert form.standard_fields.login is not None
    assert form.standard_fields.login.hidden is True
    assert set(form.extra_fields or ()) == {"auth_scheme", "polling_rate"}


def test_the_description_of_the_provider_follows_the_schema_of_airflow() -> None:
    (entry,) = [
        entry
        for entry in entry_points(group="apache_airflow_provider")
        if "aiobaseten" in entry.value
    ]
    schema = json.loads((files("airflow") / "provider_info.schema.json").read_text())

    jsonschema.validate(entry.load()(), schema)
