"""Describe what changed in Baseten's spec, and what each change means to users of the facade.

OLD and NEW are git revisions or files: a document built by `make spec`, or a whole spec. Of a whole
spec, only the operations that we use are compared.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import build_spec
from fetching import FetchError, fetch
from spec.edition import Edition, describe_editions, edition, without_published
from spec.leaning import Leaning, read_leaning
from spec.neighbours import neighbours, read_neighbours
from spec.node import JsonObject, Node, SpecError
from spec.overlay import Overlay, read_overlay
from spec.rating import Rated, Rating
from spec.reading import read_data
from spec.report import as_json, as_markdown, as_text
from spec.whole import take

NEIGHBOURS = "neighbours.yaml"
FORMATS = {"text": as_text, "markdown": as_markdown, "json": as_json}
# With --severity, for CI. 1 and 2 are errors.
STATUS = {Rating.PROSE: 0, Rating.SAFE: 0, Rating.DECISION: 3, Rating.BREAKING: 4}


def main(arguments: Sequence[str]) -> int:
    """Describe. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old", nargs="?", default="HEAD", help="default: HEAD")
    parser.add_argument("new", nargs="?", default=str(build_spec.OPENAPI / "baseten.json"))
    parser.add_argument("--format", choices=sorted(FORMATS), default="text")
    parser.add_argument(
        "--severity", action="store_true", help="exit with 3 for a decision, 4 for breaking"
    )
    chosen = parser.parse_args(arguments)
    try:
        old, new = edition_named(chosen.old), edition_named(chosen.new)
        changes = describe_editions(old, new, leaning())
    except (SpecError, FetchError) as error:
        print(error, file=sys.stderr)
        return 1
    print(FORMATS[chosen.format](changes), end="")
    worst = max((one.rating for one in changes), default=Rating.PROSE)
    return STATUS[worst] if chosen.severity else 0


def leaning() -> Leaning:
    """What the facade reads and sends."""
    return read_leaning("leans-on.yaml", (build_spec.OPENAPI / "leans-on.yaml").read_text("utf-8"))


def describe(old: JsonObject, new: JsonObject) -> list[Rated]:
    """All changes between two built documents with their ratings, the worst first."""
    return describe_editions(Edition(old), Edition(new), leaning())


def edition_of(folder: Path, overlay: Overlay | None = None) -> Edition:
    """The edition of a folder like openapi/.

    Args:
        folder: The folder.
        overlay: Other decisions than the folder's. The document is then built anew.

    Raises:
        SpecError: The files cannot be read, or the document cannot be built.
    """
    texts, named = build_spec.read_openapi(folder)
    file, document = folder / "baseten.json", None
    if overlay is None and file.exists():
        document = json.loads(file.read_text("utf-8"))
    nearby = folder / NEIGHBOURS
    return edition(
        texts,
        overlay or read_overlay(*named),
        build_spec.sources_of(folder),
        read_neighbours(nearby.read_text("utf-8")) if nearby.exists() else None,
        document,
    )


def edition_named(source: str) -> Edition:
    """The edition of a git revision, of this folder's document, or of a file."""
    file = Path(source)
    if not file.is_file():
        return _at_revision(source)
    if file.resolve() == (build_spec.OPENAPI / "baseten.json").resolve():
        return edition_of(build_spec.OPENAPI)
    (text,) = fetch(source)
    node = read_data(text.source, text.text)
    overlay = read_overlay("overlay.yaml", (build_spec.OPENAPI / "overlay.yaml").read_text("utf-8"))
    fields = node.entries()
    if "info" in fields and fields["info"].entries()["title"].value == overlay.title:
        return Edition({key: child.value for key, child in fields.items()})
    return _of_whole(node, overlay)


def _of_whole(whole: Node, overlay: Overlay) -> Edition:
    """The edition after `make refresh-spec` from a whole spec, without missing operations."""
    taken = take(whole, overlay.published)
    texts, _ = build_spec.read_openapi(build_spec.OPENAPI)
    # The newest of all: nothing that we wrote wins over it.
    entry = {"source": whole.file, "date": "9999", "sha256": ""}
    found = edition(
        {**without_published(texts, overlay), **taken.files},
        overlay.without(set(taken.missing)),
        dict.fromkeys(taken.files, entry),
        neighbours(taken.every, overlay.published),
    )
    return replace(found, sources=None)  # its real date is not known


def _at_revision(revision: str) -> Edition:
    """The edition of a git revision: only its document, if today's rules cannot read the rest."""
    done = subprocess.run(
        ["git", "archive", "--format=tar", revision, "openapi"],
        cwd=build_spec.OPENAPI.parent,
        capture_output=True,
        check=False,
    )
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "openapi"
        if revision and not revision.startswith("-") and done.returncode == 0:
            with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
                archive.extractall(scratch, filter="data")
        if not (folder / "baseten.json").is_file():
            raise SpecError(
                f"{revision} is neither a file nor a git revision with openapi/baseten.json"
            )
        try:
            return edition_of(folder)
        except (SpecError, OSError):
            return Edition(json.loads((folder / "baseten.json").read_text("utf-8")))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
