"""Mistakes that Baseten answers with 404: names in the place of ids, and a base URL. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from .._first_use import on_first_use

if TYPE_CHECKING:
    from .. import _finding
else:
    _finding = on_first_use("._finding")

#: The paths of resources, and the parameter with the id of a deployment, which a promotion names in
#: its body.
_DEPLOYMENTS = {
    "/v1/models/{model_id}": "deployment_id",
    "/v1/chains/{chain_id}": "chain_deployment_id",
}
#: Parameters of paths, and what finds the id.
_ADVICE = {
    "model_id": ", not like an id: baseten.find_model({0!r}) finds the id",
    "chain_id": ", not like an id: baseten.find_chain({0!r}) finds the id",
    "deployment_id": ", not like an id: model.find_deployment({0!r}) finds the id",
    "chain_deployment_id": (
        ", but deployments of chains have none: chain.list_deployments() shows their ids"
    ),
}


def advice_about_address(path: str, url: str) -> str:
    """What to do about a base URL that holds the beginning of each path; empty for another one.

    Args:
        path: The path of the request, with that of the base URL.
        url: The path without it.
    """
    version = url.split("/")[1]
    segments = path.removesuffix(url).split("/")
    if version not in segments:
        return ""
    end = "/".join(segments[segments.index(version) :])
    reason = f"because every path begins with /{version}"
    return f"The base URL ends with /{end}: leave that out, {reason}"


def advice_about_names(path: str, url: str, body: Mapping[str, Any] | None) -> str:
    """What to do about the first id of a request that looks like a name; empty if none does.

    Args:
        path: The template of the request's path.
        url: The path.
        body: Its body, or ``None``. That of a promotion names the deployment.
    """
    ids = {
        segment.strip("{}"): unquote(value)
        for segment, value in zip(path.split("/"), url.split("/"), strict=False)
        if segment.startswith("{")
    }
    for resource, parameter in _DEPLOYMENTS.items():
        if path.startswith(resource) and body is not None and "deployment_id" in body:
            ids[parameter] = str(body["deployment_id"])
    for parameter, advice in _ADVICE.items():
        value = ids.get(parameter, "")
        if value and not _finding.looks_like_id(value):
            return f"{value!r} looks like a name{advice.format(value)}"
    return ""
