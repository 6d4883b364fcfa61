"""Where each file of openapi/ came from, and when: sources.yaml."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping

from ruamel.yaml import YAML

from spec.node import SpecError
from spec.reading import read_data

HEADER = "# Where each file came from, and when. `make refresh-spec` writes this.\n"
# By file: source, date, and the hash of what was vendored, unless we wrote it ourselves.
Sources = dict[str, dict[str, str]]


def read_sources(file: str, text: str) -> Sources:
    """Read sources.yaml, strictly."""
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


def digest(text: str) -> str:
    """The hash of a file."""
    return hashlib.sha256(text.encode()).hexdigest()


def check_sources(texts: Mapping[str, str], sources: Sources) -> None:
    """Insist that vendored files are as they were vendored, and that we know of each.

    Raises:
        SpecError: They are not, or we do not.
    """
    if unknown := sorted(texts.keys() ^ sources.keys()):
        raise SpecError(
            f"sources.yaml: /: it must have an entry for each file, and no other: {unknown[0]}"
        )
    for name, entry in sources.items():
        if entry.get("sha256", digest(texts[name])) != digest(texts[name]):
            raise SpecError(
                f"{name}: /: this is not what came from {entry['source']}. Take the edit back; "
                "what we want otherwise goes into overlay.yaml."
            )
