"""Assets: an environment of a model or a chain, for DAGs that run when another deployment serves.

Airflow stores the addresses of assets: do not change their form.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, quote

from airflow.sdk import Asset, AssetAlias

from ._arguments import EnvironmentArguments

if TYPE_CHECKING:
    from airflow.sdk import Context

SCHEME = "baseten"


def environment_asset(
    *, model_id: str | None = None, chain_id: str | None = None, environment: str = "production"
) -> Asset:
    """The asset ``baseten://model/NAME/ENVIRONMENT``, for ``outlets=`` and ``schedule=``.

    A name and an id of the same model are different assets: use the same word everywhere.

    Args:
        model_id: The name or the id of the model; or pass *chain_id*.
        chain_id: The name or the id of the chain; or pass *model_id*.
        environment: The environment's name.

    Raises:
        ConfigurationError: An argument is invalid, or both or neither of the ids are given.
    """
    checked = EnvironmentArguments(model_id=model_id, chain_id=chain_id, environment=environment)
    return _asset(checked)


def normalized(uri: SplitResult) -> SplitResult:
    """The address of an asset, checked. Airflow calls this for each one with our scheme.

    Raises:
        ValueError: It does not name a model or a chain and its environment.
    """
    names = uri.path.removeprefix("/").split("/")
    if uri.netloc not in ("model", "chain") or len(names) != 2 or not all(names):
        raise ValueError(
            "the address of an asset of Baseten is baseten://model/NAME/ENVIRONMENT or "
            "baseten://chain/NAME/ENVIRONMENT"
        )
    return uri


def emit(
    context: Context, outlets: Iterable[object], arguments: EnvironmentArguments, extra: Any
) -> None:
    """Add details to the events that Airflow emits when the task has succeeded.

    To each asset of Baseten among the outlets, and, through each alias among them, to the asset of
    the environment. An alias is for a task whose model is computed.
    """
    for outlet in outlets:
        if isinstance(outlet, AssetAlias):
            context["outlet_events"][outlet].add(_asset(arguments), extra=extra)
        elif isinstance(outlet, Asset) and outlet.uri.startswith(f"{SCHEME}://"):
            context["outlet_events"][outlet].extra.update(extra)


def _asset(arguments: EnvironmentArguments) -> Asset:
    names = (quote(name, safe="") for name in (arguments.name, arguments.environment))
    return Asset(uri=f"{SCHEME}://{arguments.kind}/{'/'.join(names)}")
