"""Look up what the user wrote: from names to ids."""

from __future__ import annotations

from .. import ChainEnvironmentHandle, ChainHandle, ModelEnvironmentHandle, ModelHandle
from ._invocations import EnvironmentRef, EnvironmentWord, ResourceRef, ResourceWord
from ._run import Run


async def find_resource(
    run: Run, word: ResourceWord
) -> tuple[ChainHandle | ModelHandle, ResourceRef]:
    """The chain or the model that the user wrote."""
    identify = run.client.identify_model if word.kind == "model" else run.client.identify_chain
    handle = await identify(word.text)
    return handle, ResourceRef(word.kind, handle.id, word.text)


async def find_environment(
    run: Run, word: EnvironmentWord, deployment: str | None = None
) -> tuple[
    ChainHandle | ModelHandle, ChainEnvironmentHandle | ModelEnvironmentHandle, EnvironmentRef
]:
    """The environment that the user wrote, and its chain or model.

    Args:
        run: The run of the command.
        word: The environment.
        deployment: What the user wrote for a deployment, to check it before anything is sent.
    """
    check_words(run, word.resource, environment=word.name, deployment=deployment)
    if word.defaults:
        run.view.defaults(word.defaults)
    handle, resource = await find_resource(run, word.resource)
    return handle, handle.environment(word.name), EnvironmentRef(resource, word.name)


def check_words(
    run: Run, resource: ResourceWord, *, environment: str | None, deployment: str | None
) -> None:
    """Check that the words can be names or ids, before anything is sent.

    An invalid one must not be shown either: it may be the API key.

    Raises:
        ConfigurationError: One cannot.
    """
    client = run.client
    model = resource.kind == "model"
    handle = client.model(resource.text) if model else client.chain(resource.text)
    if environment is not None:
        handle.environment(environment)
    if deployment is not None:
        handle.deployment(deployment)


async def find_deployment(handle: ChainHandle | ModelHandle, word: str) -> str:
    """The id of the deployment that the user wrote."""
    return (await handle.identify_deployment(word)).id


def named(word: str, found: str) -> str:
    """A word with the id that it means, for a person."""
    return found if word in (found, f"id:{found}") else f"{word} ({found})"
