"""Fetch Baseten's current spec; build, check and describe the result.

FROM is a documentation page, a folder of pages, or a whole spec (JSON or YAML), as a file or as an
address. Everything happens in a copy: if any step fails, no file of the repository has changed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import build_spec
import generate
from describe_spec_change import describe
from fetching import FetchError, Text, fetch
from spec.document import build_with
from spec.fragment import read_fragment
from spec.leaning import complaints, read_leaning
from spec.node import JsonObject, SpecError
from spec.overlay import Overlay, read_overlay
from spec.reading import read_data
from spec.report import as_text
from spec.sources import Sources, digest, read_sources, write_sources
from spec.whole import Taken, take

PUBLISHED = "https://api.baseten.co/v1/spec"


def main(arguments: Sequence[str]) -> int:
    """Refresh. Returns the exit status: 0 if the tree is now up to date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", nargs="?", default=PUBLISHED, metavar="FROM")
    source = parser.parse_args(arguments).source or PUBLISHED
    try:
        _say(f"Reading {source} …")
        return _refresh(fetch(source))
    except (FetchError, SpecError, generate.GenerateError) as error:
        print(f"No file was changed. {error}", file=sys.stderr)
        return 1


def _refresh(texts: Sequence[Text]) -> int:
    root = build_spec.OPENAPI.parent
    (root / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root / "build", prefix="refresh-") as folder:
        scratch = Path(folder)
        copy = scratch / "openapi"
        shutil.copytree(build_spec.OPENAPI, copy)
        overlay = read_overlay("overlay.yaml", (copy / "overlay.yaml").read_text("utf-8"))
        _put(copy, texts, overlay)
        _say("Building the document …")
        text = build_spec.read_valid(copy)
        (copy / "baseten.json").write_text(text, "utf-8", newline="\n")
        if generate.read_tree(copy) == generate.read_tree(build_spec.OPENAPI):
            _say("Nothing has changed.")
            return 0
        generate.check_names(json.loads(text), generate.PUBLIC.read_text("utf-8"))
        _say("Generating and checking the code …")
        (scratch / "code").mkdir()
        package = generate.generate(copy / "baseten.json", scratch / "code")
        generate.prove(package)
        before = json.loads(build_spec.DOCUMENT.read_text("utf-8"))
        _swap(copy, package, scratch)
    _tell(before, json.loads(text))
    return 0


def _put(folder: Path, texts: Sequence[Text], overlay: Overlay) -> None:
    """Write the fetched texts into a copy of openapi/."""
    if all(one.is_page for one in texts):
        files = _pages(texts, overlay)
    else:
        (one,) = texts
        taken = take(read_data(one.source, one.text), overlay.published)
        _say(
            f"Taking {len(taken.files) - 1} of {taken.operations} operations, "
            f"and {taken.components} required components …"
        )
        if taken.missing:
            raise _missing(folder, taken, overlay)
        files = {name: Text(one.source, text) for name, text in taken.files.items()}
    sources = read_sources("sources.yaml", (folder / "sources.yaml").read_text("utf-8"))
    today = datetime.now(UTC).date().isoformat()
    for name, one in files.items():
        for other in (folder / name).parent.glob(f"{Path(name).stem}.*"):
            other.unlink()
        (folder / name).write_text(one.text, "utf-8", newline="")
    (folder / "sources.yaml").write_text(write_sources(noted(sources, files, today)), "utf-8")


def noted(sources: Sources, files: Mapping[str, Text], today: str) -> Sources:
    """The new sources of all files. An unchanged file keeps its source and date."""
    stems = {name.rpartition(".")[0] for name in files}
    kept = {name: entry for name, entry in sources.items() if name.rpartition(".")[0] not in stems}
    for name, one in files.items():
        before = sources.get(name, {})
        if before.get("sha256") == digest(one.text):
            kept[name] = before
        else:
            kept[name] = {"source": one.source, "date": today, "sha256": digest(one.text)}
    return kept


def _pages(texts: Sequence[Text], overlay: Overlay) -> dict[str, Text]:
    """The pages of operations that we use, unchanged, each named after its operation."""
    found: dict[str, Text] = {}
    for one in texts:
        # A folder of documentation also holds pages without an operation.
        if len(texts) > 1 and "````yaml" not in one.text and "```yaml" not in one.text:
            continue
        for operation in read_fragment(f"{one.source.removesuffix('.md')}.md", one.text).operations:
            key = f"{operation.method} {operation.path}"
            if key in overlay.published:
                found[f"endpoints/{overlay.published[key]}.md"] = one
    if not found:
        raise SpecError("No page describes an operation that openapi/overlay.yaml names.")
    _say(f"Taking {len(found)} of {len(texts)} pages …")
    return found


def _missing(folder: Path, taken: Taken, overlay: Overlay) -> SpecError:
    """The error for missing operations. Prints a description of the other changes first."""
    ours = {entry["id"].text() for entry in overlay.operations.values() if "ours" in entry}
    texts, _ = build_spec.read_openapi(folder)
    kept = {name: text for name, text in texts.items() if Path(name).stem in {*ours, "ours"}}
    rest = build_with({**kept, **taken.files}, overlay.without(set(taken.missing)))
    _say(as_text(describe(json.loads(build_spec.DOCUMENT.read_text("utf-8")), rest)))
    listed = "\n".join(f"  {name}: {what}" for name, what in taken.missing.items())
    return SpecError(
        f"Operations that src/aiobaseten needs are missing:\n{listed}\nIf one was moved, change "
        "its path in openapi/overlay.yaml. If it was removed, decide what src/aiobaseten does "
        "without it."
    )


def _swap(copy: Path, package: Path, scratch: Path) -> None:
    """Replace both folders, or neither."""
    generate.swap(copy, build_spec.OPENAPI, scratch / "old openapi")
    try:
        generate.swap(package, generate.TARGET, scratch / "old code")
    except OSError:
        build_spec.OPENAPI.rename(copy)
        (scratch / "old openapi").rename(build_spec.OPENAPI)
        raise


def _tell(before: JsonObject, after: JsonObject) -> None:
    _say(f"\nopenapi/ and generated/ are up to date.\n\n{as_text(describe(before, after))}")
    text = (build_spec.OPENAPI / "leans-on.yaml").read_text("utf-8")
    for complaint in complaints(after, read_leaning("leans-on.yaml", text)):
        print(complaint, file=sys.stderr)
    _say("Next: run `make check`, and commit openapi/ and generated/ without other changes.")


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
