"""From a word that a user gave to the id of a deployment."""

from __future__ import annotations

from typing import Any

from ._arguments import path_argument
from ._finding import (
    CURRENT,
    LATEST,
    check_current,
    environment_meant,
    exact_id,
    looks_like_id,
    none_meant,
    one_meant,
)
from ._resource import Resource
from .errors import AmbiguousNameError, NameNotFoundError


async def identify_deployment(
    resource: Resource[Any, Any], word: str, environment: str | None
) -> str:
    """The id of the deployment that a word means: see ``identify_deployment`` of the handles."""
    path_argument("word", word)
    if environment is not None:
        path_argument("environment", environment)
    exact = exact_id(word)
    if exact is not None:
        return exact
    meant = environment_meant(word)
    if meant is not None:
        return await _serving(resource, meant, word)
    if resource.kind == "chain" and word not in (CURRENT, LATEST):
        return word  # their deployments have no names, so that it is an id
    if word == CURRENT and environment is not None:
        return await _current(resource, environment)
    if resource.kind == "chain" and word == CURRENT:
        raise none_meant("deployment", word, ())
    listed = await resource.sender.send(resource.operations.list_deployments(resource.id))
    found = one_meant("deployment", word, listed)
    if found is not None:
        if resource.kind == "chain":
            _check_pushed(found, word)
        return str(found.id)
    if looks_like_id(word):
        return word  # a new one is not in the list for some seconds, and Baseten knows it
    raise none_meant("deployment", word, listed)


async def _current(resource: Resource[Any, Any], environment: str) -> str:
    """The id of the deployment that ``current`` alone means."""
    serving_id = await _serving(resource, environment, CURRENT)
    if resource.kind == "model":  # a chain's have no names
        listed = await resource.sender.send(resource.operations.list_deployments(resource.id))
        check_current(listed, serving_id)
    return serving_id


async def _serving(resource: Resource[Any, Any], environment: str, word: str) -> str:
    """The id of the deployment that serves in an environment."""
    path_argument("the environment after current:", environment)
    current_id = (await resource.read_environment(environment)).current_id
    if current_id is None:
        raise NameNotFoundError(
            f"nothing serves in {resource.environment_label(environment)}", name=word, similar=()
        )
    return current_id


def _check_pushed(newest: Any, word: str) -> None:
    """Check that no promotion made the newest deployment of a chain.

    Deployments of chains have no names, so that only the environment shows it.
    """
    if newest.environment is not None:
        raise AmbiguousNameError(
            f"the newest deployment, {newest.id}, belongs to an environment: a promotion may have "
            "made it from an older one, and chains do not show that. None was chosen: write the "
            f"id, as in id:{newest.id}",
            name=word,
            candidates=(newest,),
        )
