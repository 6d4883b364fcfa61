"""The hook: turns an Airflow connection into a client."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowNotFoundException
from attrs import field, frozen

from .. import AuthScheme, Baseten
from ..errors import ConfigurationError
from ..options import DEFAULT_POLLING_RATE

DEFAULT_CONNECTION = "baseten_default"


class BasetenHook(BaseHook):
    """Creates clients from a connection of type ``baseten``.

    The connection's password is the API key. Its host is the base URL (default: Baseten's own). Its
    extra may contain ``auth_scheme`` and ``polling_rate``, as for `aiobaseten.Baseten`.

    Args:
        baseten_conn_id: The connection's id.
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
        try:
            connection = self.get_connection(self.baseten_conn_id)
        except AirflowNotFoundException as error:
            raise _missing(self.baseten_conn_id) from error
        return read_connection(connection).client()

    async def settings(self) -> ConnectionSettings:
        """The settings in the connection, read without blocking the event loop.

        Cancelling this coroutine leaves nothing behind.

        Raises:
            ConfigurationError: The connection does not exist, or is invalid.
        """
        try:
            connection = await self.aget_connection(self.baseten_conn_id)
        except AirflowNotFoundException as error:
            raise _missing(self.baseten_conn_id) from error
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
    """The settings in a connection.

    Raises:
        ConfigurationError: The connection is invalid.
    """
    if connection.conn_type != BasetenHook.conn_type:
        raise ConfigurationError(
            f"connection {connection.conn_id} is of type {connection.conn_type!r}, not 'baseten'"
        )
    # Without a key, the client would read one from the environment, which differs by machine.
    if not connection.password:
        raise ConfigurationError(
            f"connection {connection.conn_id} has no password: set it to the API key"
        )
    return ConnectionSettings(
        api_key=connection.password, base_url=_base_url(connection), **_extra(connection)
    )


def _missing(conn_id: str) -> ConfigurationError:
    return ConfigurationError(
        f"there is no connection {conn_id!r}: add one of type baseten, with the API key as password"
    )


def _base_url(connection: Connection) -> str | None:
    host = connection.host
    if not host:
        return None
    # If the connection is written as a URI, its host cannot contain a scheme.
    url = host if "://" in host else f"{connection.schema or 'https'}://{host}"
    return f"{url}:{connection.port}" if connection.port else url


def _extra(connection: Connection) -> dict[str, Any]:
    try:
        extra: Any = json.loads(connection.extra or "{}")
    except ValueError as error:
        raise ConfigurationError(
            f"the extra of connection {connection.conn_id} is not JSON: {error}"
        ) from None
    if not isinstance(extra, dict) or not extra.keys() <= {"auth_scheme", "polling_rate"}:
        raise ConfigurationError(
            f"the extra of connection {connection.conn_id} may contain only auth_scheme and "
            "polling_rate"
        )
    # Airflow's form stores null or "" for an empty field.
    return {name: value for name, value in extra.items() if value not in (None, "")}
