"""Models and chains: an operator takes the id of one of them."""

from __future__ import annotations

from .. import Baseten, ChainHandle, ModelHandle
from ..errors import ConfigurationError


def check_resource(model_id: object, chain_id: object) -> None:
    """Check that either the model's or the chain's id is given.

    Raises:
        ConfigurationError: Both are given, or neither.
    """
    if (model_id is None) == (chain_id is None):
        raise ConfigurationError("pass either model_id or chain_id")


def resource_handle(
    baseten: Baseten, model_id: str | None, chain_id: str | None
) -> ModelHandle | ChainHandle:
    """The handle of the model or the chain, whichever id is given.

    Raises:
        ConfigurationError: Both ids are given, or neither, or the id is invalid.
    """
    check_resource(model_id, chain_id)
    return baseten.chain(chain_id) if chain_id is not None else baseten.model(model_id or "")
