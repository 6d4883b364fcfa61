"""sources.yaml: the source and date of each file of openapi/."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping

from ruamel.yaml import YAML

from spec.node import SpecError
from spec.reading import read_data

HEADER = "# The source and date of each file. Written by `make refresh-spec`.\n"
# By file: source, date, and the hash of a vendored file.
Sources = dict[str, dict[str, str]]


def read_sources(file: str, text: str) -> Sources:
    """Read sources.yaml strictly."""
    return {
        name: {key: child.text() for key, child in entry.fields("source date", "sha256").items()}
        for name, entry in read_data(file, text).entries().items()
    }


def write_sources(sources: Sources) -> str:
    """The text of sources.yaml."""
    stream = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.width = 1000
    yaml.dump(
        {name: dict(sorted(entry.items())) for name, entry in sorted(sources.items())}, stream
    )
    return HEADER + stream.getvalue()


def dates_in(sources: Sources) -> dict[str, str]:
    """The date of each file."""
    return {name: entry["date"] for name, entry in sources.items()}


def digest(text: str) -> str:
    """The hash of a file."""
    return hashlib.sha256(text.encode()).hexdigest()


def check_sources(texts: Mapping[str, str], sources: Sources) -> None:
    """Check that vendored files are unedited, and that each file has an entry.

    Raises:
        SpecError: A file was edited, or an entry is missing.
    """
    if unknown := sorted(texts.keys() ^ sources.keys()):
        raise SpecError(f"sources.yaml: /: each file needs one entry, and no other: {unknown[0]}")
    for name, entry in sources.items():
        if entry.get("sha256", digest(texts[name])) != digest(texts[name]):
            raise SpecError(
                f"{name}: /: the file differs from its source, {entry['source']}. Undo the edit; "
                "our changes belong in overlay.yaml."
            )
