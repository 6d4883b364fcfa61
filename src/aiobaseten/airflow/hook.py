"""The hook: turns an Airflow connection into a client."""

from __future__ import annotations

import asyncio
import json
import os
import re
from typing import Any, ClassVar

from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowNotFoundException
from attrs import field, frozen

from .. import AuthScheme, Baseten, RetryPolicy
from ..errors import APIError, BasetenError, ConfigurationError, ResponseShapeError
from ..options import DEFAULT_POLLING_RATE
from ._plain import plain_text

DEFAULT_CONNECTION = "baseten_default"
#: What Airflow puts before a connection's id in the name of an environment variable.
_VARIABLE = "AIRFLOW_CONN_"


class BasetenHook(BaseHook):
    """Creates clients from a connection of type ``baseten``.

    The connection's password is the API key. Its host is the base URL (default: Baseten's own). Its
    extra may contain ``auth_scheme`` and ``polling_rate``, as for `aiobaseten.Baseten`.

    Args:
        baseten_conn_id: The connection's id, or the name of the environment variable that contains
            the connection, such as ``AIRFLOW_CONN_BASETEN_DEFAULT``.
    """

    conn_name_attr: ClassVar[str] = "baseten_conn_id"
    default_conn_name: ClassVar[str] = DEFAULT_CONNECTION
    conn_type: ClassVar[str] = "baseten"
    hook_name: ClassVar[str] = "Baseten"

    def __init__(self, baseten_conn_id: str = DEFAULT_CONNECTION) -> None:
        super().__init__()
        self.baseten_conn_id = baseten_conn_id

    def get_conn(self) -> Baseten:
        """A new client. Open it with ``async with``.

        Raises:
            ConfigurationError: The connection does not exist, or is invalid.
        """
        return self._read().client()

    async def settings(self) -> ConnectionSettings:
        """The settings in the connection, read without blocking the event loop.

        Cancelling this coroutine leaves nothing behind.

        Raises:
            ConfigurationError: The connection does not exist, or is invalid.
        """
        try:
            connection = await self.aget_connection(_id_of(self.baseten_conn_id))
        except AirflowNotFoundException:
            # ``airflow dags test`` reads connections from Airflow's database in no other way.
            return await asyncio.to_thread(self._read)
        return read_connection(connection)

    def test_connection(self) -> tuple[bool, str]:
        """Whether the connection works, and a sentence about it, for Airflow's button "Test".

        Asks Baseten who the key belongs to, once, and reads the list of models if Baseten does not
        answer that. Changes nothing.
        """
        try:
            return True, asyncio.run(_try(self._read()))
        except BasetenError as error:
            return False, plain_text(str(error))

    def _read(self) -> ConnectionSettings:
        conn_id = _id_of(self.baseten_conn_id)
        try:
            connection = self.get_connection(conn_id)
        except AirflowNotFoundException as error:
            raise _missing(conn_id) from error
        return read_connection(connection)


@frozen(kw_only=True)
class ConnectionSettings:
    """The settings of a client in a connection. Equal settings may share a client."""

    api_key: str = field(repr=False)
    base_url: str | None = None
    auth_scheme: AuthScheme = "Api-Key"
    polling_rate: float = DEFAULT_POLLING_RATE

    def client(self) -> Baseten:
        """A new client. Open it with ``async with``.

        Raises:
            ConfigurationError: A setting is invalid.
        """
        return Baseten(
            api_key=self.api_key,
            base_url=self.base_url,
            auth_scheme=self.auth_scheme,
            polling_rate=self.polling_rate,
        )


def read_connection(connection: Connection) -> ConnectionSettings:
    """The settings in a connection, checked.

    Raises:
        ConfigurationError: The connection is invalid. The message names it and the field.
    """
    try:
        settings = _settings(connection)
        settings.client()
    except ConfigurationError as error:
        # The field of the connection, not the argument that it becomes.
        flaw = re.sub(r"^base_url\b", "its host", str(error))
        raise ConfigurationError(f"connection {connection.conn_id}: {flaw}") from None
    return settings


def _settings(connection: Connection) -> ConnectionSettings:
    if connection.conn_type != BasetenHook.conn_type:
        raise ConfigurationError(f"it is of type {connection.conn_type!r}, not 'baseten'")
    # Without a key, the client would read one from the environment, which differs by machine.
    if not connection.password:
        raise ConfigurationError("it has no password: set it to the API key")
    return ConnectionSettings(
        api_key=connection.password, base_url=_base_url(connection), **_extra(connection)
    )


async def _try(settings: ConnectionSettings) -> str:
    async with settings.client() as client:
        baseten = client.with_options(retry=RetryPolicy(attempts=1))
        try:
            user = await baseten.whoami()
        except (APIError, ResponseShapeError):
            # Baseten calls that route unstable. If the key is wrong, this fails as well.
            number = len(await baseten.models())
            return f"The API key works: it shows {number} models"
    names = [name for name in (user.email, user.name) if isinstance(name, str) and name]
    return plain_text(f"The API key works: it belongs to {(*names, user.user_id)[0]}")


def _id_of(name: str) -> str:
    """The id of a connection that may be given by the name of its environment variable."""
    return name.removeprefix(_VARIABLE).lower() if name.startswith(_VARIABLE) else name


def _missing(conn_id: str) -> ConfigurationError:
    variable = f"{_VARIABLE}{conn_id.upper()}"
    if variable in os.environ:
        # Airflow skips a variable that it cannot read.
        return ConfigurationError(
            f"connection {conn_id}: the environment variable {variable} does not contain one: "
            'write it as JSON, such as {"conn_type": "baseten", "password": "…"}, or as a URI, '
            "such as baseten://:password@"
        )
    return ConfigurationError(
        f"there is no connection {conn_id!r}: add one of type baseten, with the API key as password"
    )


def _base_url(connection: Connection) -> str | None:
    host = connection.host
    if not host:
        return None
    # If the connection is written as a URI, its host cannot contain a scheme, and an address of
    # IPv6 has lost its brackets.
    scheme, has_scheme, rest = host.partition("://")
    if not has_scheme:
        scheme, rest = connection.schema or "https", f"[{host}]" if _is_ipv6(host) else host
    authority, slash, path = rest.partition("/")
    port = f":{connection.port}" if connection.port else ""
    return f"{scheme}://{authority}{port}{slash}{path}"


def _is_ipv6(host: str) -> bool:
    return host.count(":") > 1 and not host.startswith("[")


def _extra(connection: Connection) -> dict[str, Any]:
    try:
        extra: Any = json.loads(connection.extra or "{}")
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"its extra is not JSON: {error}") from None
    if not isinstance(extra, dict) or not extra.keys() <= {"auth_scheme", "polling_rate"}:
        raise ConfigurationError("its extra may contain only auth_scheme and polling_rate")
    # Airflow's form stores null or "" for an empty field.
    given = {name: value for name, value in extra.items() if value not in (None, "")}
    if "polling_rate" in given:
        given["polling_rate"] = _number(given["polling_rate"])
    return given


def _number(value: object) -> object:
    # If the connection is written as a URI, all values are text.
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value
