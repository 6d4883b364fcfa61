"""Models and chains: an operator takes the name or the id of one of them."""

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


async def find_resource(
    baseten: Baseten, model_id: str | None, chain_id: str | None
) -> ModelHandle | ChainHandle:
    """The handle of the model or the chain, whichever is given by its name or its id.

    Raises:
        ConfigurationError: Both are given, or neither, or the word is invalid.
        BasetenError: It was not found.
    """
    check_resource(model_id, chain_id)
    if chain_id is not None:
        return await baseten.identify_chain(chain_id)
    return await baseten.identify_model(model_id or "")


def exact(resource_id: str) -> str:
    """A word that nobody looks up again."""
    return f"id:{resource_id}"
