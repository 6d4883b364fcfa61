"""Models and chains: an operator takes the name or the id of one of them."""

from __future__ import annotations

from urllib.parse import quote

from .. import Baseten, ChainHandle, ModelHandle

#: Baseten's pages for people.
PAGES = "https://app.baseten.co"


async def find_resource(
    baseten: Baseten, model_id: str | None, chain_id: str | None
) -> ModelHandle | ChainHandle:
    """The handle of the model or the chain, whichever is given by its name or its id.

    Raises:
        ConfigurationError: The word is invalid.
        BasetenError: It was not found.
    """
    if chain_id is not None:
        return await baseten.identify_chain(chain_id)
    return await baseten.identify_model(model_id or "")


def exact(resource_id: str) -> str:
    """A word that nobody looks up again."""
    return f"id:{resource_id}"


def page(kind: str, resource_id: str, deployment_id: str | None = None) -> str:
    """The address of Baseten's page of a deployment, or else of its model or chain.

    Args:
        kind: ``"model"`` or ``"chain"``.
        resource_id: The id of the model or the chain.
        deployment_id: The deployment's id. The page of a chain shows its deployments.
    """
    base = f"{PAGES}/{kind}s/{_quoted(resource_id)}"
    if kind == "model" and deployment_id is not None:
        return f"{base}/logs/{_quoted(deployment_id)}"
    return f"{base}/overview"


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="replace")
