"""A model or a chain, of which an operator is told the id of one."""

from __future__ import annotations

from ..chains import ChainHandle
from ..client import Baseten
from ..errors import ConfigurationError
from ..models import ModelHandle


def check_one(model_id: object, chain_id: object) -> None:
    """Check that one of the two is given.

    Raises:
        ConfigurationError: Both are, or neither is.
    """
    if (model_id is None) == (chain_id is None):
        raise ConfigurationError("give a model_id or a chain_id: one of the two")


def owner_of(
    baseten: Baseten, model_id: str | None, chain_id: str | None
) -> ModelHandle | ChainHandle:
    """The one that is given.

    Raises:
        ConfigurationError: Both are, neither is, or it cannot be an id.
    """
    check_one(model_id, chain_id)
    return baseten.chain(chain_id) if chain_id is not None else baseten.model(model_id or "")
