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
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.providers_manager_runtime import ProvidersManagerTaskRuntime

from aiobaseten import Baseten
from aiobaseten.airflow import BasetenHook
from aiobaseten.airflow.hook import read_connection
from aiobaseten.errors import ConfigurationError
from aiobaseten.options import DEFAULT_POLLING_RATE
from aiobaseten.testing import FakeBaseten

from .doubles import connect
from .fake_server import fake_server


def connection(**given: Any) -> Connection:
    return Connection(**{"conn_id": "c", "conn_type": "baseten", "password": "secret-key", **given})


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "https://api.baseten.co"),
        ({"host": "https://baseten.example"}, "https://baseten.example"),
        ({"host": "baseten.example", "port": 8443}, "https://baseten.example:8443"),
        ({"host": "127.0.0.1", "schema": "http", "port": 80}, "http://127.0.0.1:80"),
        ({"host": "::1", "schema": "http", "port": 80}, "http://[::1]:80"),
        ({"host": "[::1]:80", "schema": "http"}, "http://[::1]:80"),
        ({"host": "https://baseten.example/api", "port": 80}, "https://baseten.example:80/api"),
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
        ({"host": "http://baseten.example"}, "connection c: its host must be https"),
        ({"extra": "{"}, "connection c: its extra is not JSON"),
        ({"extra": "[" * 100_000}, "connection c: its extra is not JSON"),
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


@pytest.mark.parametrize(
    "text",
    [
        "baseten://:{key}@{host}/?__extra__={{}}",
        "baseten://:{key}@{host}/http?polling_rate=2&auth_scheme=Bearer",
        '{{"conn_type": "baseten", "password": "{key}", "host": "http://{host}"}}',
    ],
    ids=["URI", "URI with an extra", "JSON"],
)
@pytest.mark.parametrize("conn_id", ["my_baseten", "AIRFLOW_CONN_MY_BASETEN"])
async def test_a_connection_is_read_from_an_environment_variable(
    monkeypatch: pytest.MonkeyPatch, text: str, conn_id: str
) -> None:
    filled = text.format(key="secret-key", host="127.0.0.1:1")
    monkeypatch.setenv("AIRFLOW_CONN_MY_BASETEN", filled)

    settings = await BasetenHook(conn_id).settings()

    assert settings.api_key == "secret-key"
    assert settings.base_url is not None
    assert settings.base_url.endswith("://127.0.0.1:1")
    assert settings.polling_rate == (2 if "polling_rate" in text else DEFAULT_POLLING_RATE)


@pytest.mark.parametrize("text", ["{", '{"conn_type": "baseten", "pasword": "secret-key"}', "7"])
async def test_a_variable_that_is_no_connection_is_named(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_MY_BASETEN", text)

    with pytest.raises(ConfigurationError, match="my_baseten") as caught:
        await BasetenHook("my_baseten").settings()

    assert "secret-key" not in str(caught.value)


@pytest.mark.parametrize("is_answered", [True, False])
def test_the_button_test_says_who_the_key_belongs_to_or_that_it_works(
    monkeypatch: pytest.MonkeyPatch, is_answered: bool
) -> None:
    def fill(fake: FakeBaseten) -> None:
        fake.model("m1")
        if not is_answered:
            fake.faults.status(404, route="GET /v1/users/me", lasting=60)

    with fake_server(fill) as baseten:
        connect(monkeypatch, baseten.urls[0])
        works, sentence = BasetenHook().test_connection()
        asked = baseten.call(lambda fake: [request.path for request in fake.requests])

    assert works is True
    assert ("belongs to" in sentence) is is_answered
    assert asked == ["/v1/users/me", "/v1/models"][: 1 if is_answered else 2]


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"password": "wrong-key"}, "HTTP 403"),
        ({"host": "http://127.0.0.1:9"}, "127.0.0.1:9"),
        ({"host": "ftp://x"}, "its host must"),
        ({"password": ""}, "password"),
        ({"extra": '{"polling_rate": "fast"}'}, "polling_rate"),
        ({"conn_type": "http"}, "of type 'http'"),
    ],
)
def test_the_button_test_says_which_field_is_wrong(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], part: str
) -> None:
    with fake_server(lambda fake: fake.model("m1")) as baseten:
        connect(monkeypatch, **{"url": baseten.urls[0], **given})
        works, sentence = BasetenHook().test_connection()

    assert works is False
    assert part in sentence
    assert "wrong-key" not in sentence


async def test_a_connection_is_found_that_airflow_cannot_read_asynchronously(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As in ``airflow dags test``, which reads its database in the other way only."""

    async def aget_connection(_: object, conn_id: str) -> Connection:
        raise AirflowNotFoundException(conn_id)

    monkeypatch.setenv("AIRFLOW_CONN_MY_BASETEN", "baseten://:secret-key@")
    monkeypatch.setattr(BasetenHook, "aget_connection", classmethod(aget_connection))

    assert (await BasetenHook("my_baseten").settings()).api_key == "secret-key"


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
