"""Look up what the user wrote: from names to ids."""

from __future__ import annotations

from .. import Baseten, ChainEnvironmentHandle, ChainHandle, ModelEnvironmentHandle, ModelHandle
from ._invocations import EnvironmentRef, EnvironmentWord, ResourceRef, ResourceWord
from ._run import Run


async def find_resource(
    run: Run, word: ResourceWord
) -> tuple[ChainHandle | ModelHandle, ResourceRef]:
    """The chain or the model that the user wrote."""
    handle: ChainHandle | ModelHandle
    if word.kind == "model":
        model = await run.look_up(lambda client: client.identify_model(word.text, team=word.team))
        handle = run.client.model(model.id)
    else:
        chain = await run.look_up(lambda client: client.identify_chain(word.text, team=word.team))
        handle = run.client.chain(chain.id)
    # Where the name alone means several, the id stands in later commands.
    shown = word.text if word.team is None else f"id:{handle.id}"
    run.found = ResourceRef(word.kind, handle.id, shown)
    return handle, run.found


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
    run.tell_defaults()
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


async def find_deployment(
    run: Run, handle: ChainHandle | ModelHandle, word: str, environment: str | None = None
) -> str:
    """The id of the deployment that the user wrote.

    Args:
        run: The run of the command.
        handle: The chain or the model.
        word: The deployment.
        environment: The environment that ``current`` alone means.
    """

    async def ask(client: Baseten) -> str:
        is_model = isinstance(handle, ModelHandle)
        patient = client.model(handle.id) if is_model else client.chain(handle.id)
        return (await patient.identify_deployment(word, environment=environment)).id

    return await run.look_up(ask)


def named(word: str, found: str) -> str:
    """A word with the id that it means, for a person."""
    return found if word in (found, f"id:{found}") else f"{word} ({found})"
