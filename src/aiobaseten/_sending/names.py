"""Names in the place of ids, which Baseten answers with 404. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

# Ids that Baseten makes. A word without a digit may be one, but is more often a name.
_ID = re.compile(r"(?=.*\d)[a-z0-9]{6,10}")
_MODEL = "/v1/models/{model_id}"
#: Parameters of paths, and what finds the id. Deployments of chains have no names.
_FINDERS = {
    "model_id": "baseten.find_model",
    "chain_id": "baseten.find_chain",
    "deployment_id": "model.find_deployment",
}


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
    if path.startswith(_MODEL) and body is not None:
        ids |= {"deployment_id": str(body["deployment_id"])} if "deployment_id" in body else {}
    for parameter, finder in _FINDERS.items():
        value = ids.get(parameter, "")
        if value and not _ID.fullmatch(value):
            return f"{value!r} looks like a name, not like an id: {finder}({value!r}) finds the id"
    return ""
