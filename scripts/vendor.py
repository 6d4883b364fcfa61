"""Generate a package of operations from any OpenAPI 3.1 document, for `aiobaseten.Baseten.send`.

SPEC is a whole spec, as a file or as an address; default: Baseten's published spec. The package has
all of its operations, or those below some paths. It replaces an older one completely or not at all.
"""

from __future__ import annotations

import argparse
import json
import keyword
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import build_spec
import generate
from fetching import FetchError, fetch
from refresh_spec import PUBLISHED
from spec.document import build_with
from spec.fragment import METHODS
from spec.naming import check_names
from spec.node import JsonObject, Node, SpecError
from spec.overlay import Overlay, read_overlay
from spec.reading import read_data

# Written into the package: only a folder that has it is ever replaced.
MARK = "vendored.json"


def main(arguments: Sequence[str]) -> int:
    """Generate. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", nargs="?", default=PUBLISHED, metavar="SPEC")
    parser.add_argument("--package", required=True, help="its name, such as our_baseten")
    parser.add_argument("--into", default=".", help="the folder that gets it (default: this one)")
    parser.add_argument(
        "--only", action="append", default=[], metavar="PATH", help="operations below this path"
    )
    chosen = parser.parse_args(arguments)
    only = [path for path in chosen.only if path]
    try:
        number = vendor(chosen.source or PUBLISHED, chosen.package, Path(chosen.into or "."), only)
    except (FetchError, SpecError, generate.GenerateError) as error:
        print(f"No file was changed. {error}", file=sys.stderr)
        return 1
    print(f"{chosen.package} has {number} operations. Send one with `await baseten.send(…)`.")
    return 0


def vendor(source: str, package: str, into: Path, only: Sequence[str]) -> int:
    """Generate a package. Returns the number of its operations.

    Raises:
        FetchError: The source cannot be read.
        SpecError: It has something that is not supported.
        GenerateError: The name or the folder is not possible, or the generator failed.
    """
    into = into.resolve()  # the generator runs in another folder
    target = into / package
    _check(package, target)
    texts = fetch(source)
    if len(texts) != 1 or texts[0].is_page:
        raise SpecError(f"{source} is not a whole spec.")
    node = read_data(texts[0].source, texts[0].text)
    document = document_of_all(node, only)
    check_names(document)
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into, prefix=".vendor-") as folder:
        scratch = Path(folder)
        templates, code = scratch / "templates", scratch / "code"
        shutil.copytree(generate.SETTINGS / "templates", templates)
        shutil.copytree(generate.SETTINGS / "vendored", templates, dirs_exist_ok=True)
        code.mkdir()
        made = generate.generate_package(document, code, {}, name=package, templates=templates)
        (made / MARK).write_text(json.dumps({"source": texts[0].source}) + "\n", "utf-8")
        generate.lint(made)
        generate.swap(made, target, scratch / "old")
    return sum(1 for _ in _operations(document))


def document_of_all(whole: Node, only: Sequence[str]) -> JsonObject:
    """A document with all operations of a spec, or with those below some paths.

    An operation that aiobaseten uses, too, has the same name here.

    Raises:
        SpecError: It has something that is not supported, or no operation.
    """
    top = whole.entries()
    if "openapi" not in top or "paths" not in top:
        raise whole.error("this is not an OpenAPI document: it has no `openapi` or no `paths`")
    kept: JsonObject = {
        path: item.value
        for path, item in top["paths"].entries().items()
        if not only or any(_is_below(path, root) for root in only)
    }
    known = read_overlay(
        "overlay.yaml", (build_spec.OPENAPI / "overlay.yaml").read_text("utf-8")
    ).published
    names: dict[str, str] = {}
    for key, given in _operations({"paths": kept}):
        name = known.get(key) or given
        # Two paths may differ only in what a name cannot hold.
        names[key] = name if name not in names.values() else f"{name}_{len(names)}"
    if not names:
        raise SpecError(f"{whole.file}: /paths: no operation is below {' or '.join(only) or '/'}")
    servers = top["servers"].items() if "servers" in top else []
    overlay = Overlay(
        node=Node(whole.file, {}),
        title=_title(top),
        version="1",
        server=servers[0].entries()["url"].text() if servers else "https://api.baseten.co",
        operations={
            key: {"id": Node("", name), "tag": Node("", _tag(key))} for key, name in names.items()
        },
        conflicts={},
    )
    text = json.dumps({key: node.value for key, node in top.items()} | {"paths": kept})
    return build_with({"spec.json": text}, overlay, {})


def _check(package: str, target: Path) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", package) or keyword.iskeyword(package):
        raise generate.GenerateError(
            f"{package!r} cannot be the name of a package: use small letters, digits and _."
        )
    if package in sys.stdlib_module_names or package in ("aiobaseten", generate.PACKAGE):
        raise generate.GenerateError(f"The name {package} is taken. Choose another one.")
    if target.exists() and not (target / MARK).is_file():
        raise generate.GenerateError(
            f"{target.name} exists and was not generated by this command. Choose another name."
        )


def _operations(document: JsonObject) -> Iterator[tuple[str, str]]:
    """The operations ("method /path"), each with a name made of its method and path."""
    for path, item in Node("", document["paths"]).entries().items():
        for method in METHODS.split():
            if method in item.entries():
                yield f"{method} {path}", _words((method, *_parts(path)))


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part and not re.fullmatch(r"v\d+", part)]


def _words(parts: Iterable[str]) -> str:
    return re.sub(r"[^a-z0-9]+", "_", "_".join(parts).lower()).strip("_")


def _tag(key: str) -> str:
    (first, *_) = [*_parts(key.partition(" ")[2]), "root"]
    tag = _words([first])
    return f"{tag}_" if keyword.iskeyword(tag) or not tag[:1].isalpha() else tag


def _title(top: dict[str, Node]) -> str:
    info = top["info"].entries() if "info" in top else {}
    return info["title"].text() if "title" in info else "API"


def _is_below(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip("/") + "/")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
