"""The hook: from an Airflow connection to a client."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowNotFoundException
from attrs import field, frozen

from ..client import Baseten
from ..errors import ConfigurationError
from ..options import DEFAULT_POLLING_RATE as POLLING_RATE
from ..options import AuthScheme

DEFAULT_CONNECTION = "baseten_default"


class BasetenHook(BaseHook):
    """Makes clients from a connection of type ``baseten``.

    The connection's password is the API key, its host the base URL (Baseten's own if it has none).
    Its extra may hold ``auth_scheme`` and ``polling_rate``, as for `aiobaseten.Baseten`.

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
        """A client that is not entered yet.

        Raises:
            ConfigurationError: There is no such connection, or something is wrong with it.
        """
        try:
            connection = self.get_connection(self.baseten_conn_id)
        except AirflowNotFoundException as error:
            raise _missing(self.baseten_conn_id) from error
        return settings_of(connection).client()

    async def settings(self) -> Settings:
        """What the connection says, without blocking the event loop.

        Cancelling this coroutine leaves nothing behind.

        Raises:
            ConfigurationError: There is no such connection, or something is wrong with it.
        """
        try:
            connection = await self.aget_connection(self.baseten_conn_id)
        except AirflowNotFoundException as error:
            raise _missing(self.baseten_conn_id) from error
        return settings_of(connection)


@frozen(kw_only=True)
class Settings:
    """What a connection says of a client. Equal ones may share a client."""

    api_key: str = field(repr=False)
    base_url: str | None = None
    auth_scheme: AuthScheme = "Api-Key"
    polling_rate: float = POLLING_RATE

    def client(self) -> Baseten:
        """A client that is not entered yet.

        Raises:
            ConfigurationError: Something is wrong with the settings.
        """
        return Baseten(
            api_key=self.api_key,
            base_url=self.base_url,
            auth_scheme=self.auth_scheme,
            polling_rate=self.polling_rate,
        )


def settings_of(connection: Connection) -> Settings:
    """What a connection says.

    Raises:
        ConfigurationError: Something is wrong with it.
    """
    if connection.conn_type != BasetenHook.conn_type:
        raise ConfigurationError(
            f"connection {connection.conn_id} is of type {connection.conn_type!r}, not 'baseten'"
        )
    # The client would take a key from the environment otherwise: another one on each machine.
    if not connection.password:
        raise ConfigurationError(
            f"connection {connection.conn_id} has no password: the API key belongs there"
        )
    return Settings(
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
    # A connection that is written as a URI cannot have a scheme in its host.
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
            f"the extra of connection {connection.conn_id} may hold auth_scheme and polling_rate"
        )
    # The form in the UI leaves a null in what is not filled in.
    return {name: value for name, value in extra.items() if value not in (None, "")}
