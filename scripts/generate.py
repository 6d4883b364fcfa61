"""Generate generated/aiobaseten_generated from openapi/baseten.json, or check that it is current.

The result depends only on openapi/ and the pinned versions, not on the folder, its settings, the
ruff on PATH or the order of a set.
"""

from __future__ import annotations

import argparse
import ast
import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from spec.leaning import read_leaning
from spec.node import Json, JsonObject, Node
from spec.preparing import prepare
from spec.reading import read_data

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "openapi" / "baseten.json"
LEANING = ROOT / "openapi" / "leans-on.yaml"
SETTINGS = ROOT / "openapi" / "generator"
MYPY_CACHE = ROOT / ".mypy_cache" / "generate"
PACKAGE = "aiobaseten_generated"
TARGET = ROOT / "generated" / PACKAGE
PUBLIC = ROOT / "src" / "aiobaseten" / "schemas.py"

# The tools on whose versions the result depends.
PINNED = ("openapi-python-client", "ruff")
# Without this repository's settings and without a cache inside the package. The rules sort imports
# and remove unused ones. More rules would rewrite code, and each version of ruff differently.
RUFF = ("--isolated", "--no-cache", "--target-version=py311", "--config=line-length=100")

# Errors of syntax, and names that are defined twice or not at all.
_FATAL = "E9,F7,F811,F82,PLE"


class GenerateError(Exception):
    """The code was not generated. The old code is unchanged."""


def main(arguments: Sequence[str]) -> int:
    """Generate or check. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if the result is out of date"
    )
    check = parser.parse_args(arguments).check
    try:
        check_versions(pinned_versions((ROOT / "pyproject.toml").read_text("utf-8")))
        check_templates(SETTINGS / "templates", upstream_templates(), SETTINGS / "upstream.sha256")
        check_names(json.loads(DOCUMENT.read_text("utf-8")), PUBLIC.read_text("utf-8"))
        # On the target's file system, so that the swap is a rename.
        (ROOT / "build").mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=ROOT / "build", prefix="generate-") as scratch:
            return _make(Path(scratch), check=check)
    except GenerateError as error:
        print(error, file=sys.stderr)
        return 1


def _make(scratch: Path, *, check: bool) -> int:
    package = generate(DOCUMENT, scratch)
    changes = compare(expected=read_tree(package), actual=read_tree(TARGET))
    if not changes:
        return 0
    if check:
        listed = "\n".join(f"  {change}" for change in changes)
        raise GenerateError(
            f"generated/{PACKAGE} is out of date:\n{listed}\n"
            "Run `make generate`, review the changes, and commit them. Do not edit generated code."
        )
    prove(package)
    swap(package, TARGET, scratch / "old")
    print(f"generated/{PACKAGE} was updated: {len(changes)} files changed.")
    return 0


def pinned_versions(pyproject: str) -> dict[str, str]:
    """The exact versions in pyproject.toml's development group."""
    group = tomllib.loads(pyproject)["dependency-groups"]["dev"]
    found = dict(entry.split("==") for entry in group if "==" in entry)
    for name in PINNED:
        if name not in found:
            raise GenerateError(f"pyproject.toml does not pin {name} to one version (==).")
    return {name: found[name] for name in PINNED}


def check_versions(pinned: Mapping[str, str]) -> None:
    """Check that the pinned versions are installed."""
    for name, version in pinned.items():
        if (installed := metadata.version(name)) != version:
            raise GenerateError(
                f"{name} {installed} is installed, but pyproject.toml pins {version}. "
                "Run `make .venv/.ready`."
            )


def upstream_templates() -> Path:
    """The template folder of the installed generator."""
    distribution = metadata.distribution("openapi-python-client")
    return Path(str(distribution.locate_file("openapi_python_client"))) / "templates"


def check_templates(ours: Path, upstream: Path, hashes: Path) -> None:
    """Check that the original of each template that ours replace or call is unchanged.

    Upstream promises nothing about its templates, so a new original may need a change in ours.
    """
    lines = hashes.read_text("utf-8").splitlines()
    recorded = {name: digest for digest, name in (line.split() for line in lines)}
    for file in sorted(ours.rglob("*.jinja")):
        ours_alone = not (upstream / file.relative_to(ours)).exists()
        if not ours_alone and file.relative_to(ours).as_posix() not in recorded:
            raise GenerateError(f"{hashes.name} has no hash for the original of {file.name}.")
    for name, digest in recorded.items():
        file = upstream / name
        found = hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else "gone"
        if found != digest:
            raise GenerateError(
                f"The generator's own template {name} has changed (now {found}). Read what "
                "changed in it, bring openapi/generator/templates in line, and record it in "
                f"{hashes.name}."
            )


def check_names(document: JsonObject, public: str) -> None:
    """Check that each class override names a schema, and that each public class has an override.

    *public* is the text of schemas.py, which exports the classes.
    """
    overrides = read_settings()["class_overrides"]
    if gone := sorted(overrides.keys() - _schemas(document)):
        raise GenerateError(
            f"openapi/baseten.json has no schema {gone[0]}, which `class_overrides` in "
            "openapi/generator/config.yaml names. Name the schema that replaced it, or remove the "
            "entry and the class in src/aiobaseten/schemas.py."
        )
    exported = {
        alias.name
        for node in ast.walk(ast.parse(public))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{PACKAGE}.models.")
        for alias in node.names
    }
    named = {override["class_name"] for override in overrides.values()}
    if nameless := sorted(exported - named):
        raise GenerateError(
            f"src/aiobaseten/schemas.py exports {nameless[0]}, but no entry under "
            "`class_overrides` in openapi/generator/config.yaml gives a schema this name. Add one."
        )


def read_settings() -> dict[str, Any]:
    """The generator's settings, as written in config.yaml."""
    text = (SETTINGS / "config.yaml").read_text("utf-8")
    return {key: child.value for key, child in read_data("config.yaml", text).entries().items()}


def settings_for(document: JsonObject) -> dict[str, Any]:
    """The generator's settings, with a class name for every schema that ends in V1.

    Not only the public ones: users meet others through fields, and a list of those would have to
    follow every change of the spec.
    """
    settings = read_settings()
    schemas = _schemas(document)
    chosen = {name: one for name, one in settings["class_overrides"].items() if name in schemas}
    taken = {*schemas, *_titles(document), *(one["class_name"] for one in chosen.values())}
    shortened = {
        name: {"class_name": name.removesuffix("V1")}
        for name in schemas
        if name.endswith("V1") and name.removesuffix("V1") not in taken
    }
    return settings | {"class_overrides": shortened | chosen}


def _titles(value: Json) -> Iterator[str]:
    """The titles of enums and objects: the generator names classes after them."""
    if isinstance(value, dict):
        title = value.get("title")
        if isinstance(title, str) and ("enum" in value or "properties" in value):
            yield title
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _titles(item)


def _schemas(document: JsonObject) -> set[str]:
    return {*Node("", document).entries()["components"].entries()["schemas"].entries()}


def generate(document: Path, scratch: Path) -> Path:
    """Run the generator in *scratch*, an empty folder. The package is complete but not checked."""
    leaning = read_leaning(LEANING.name, LEANING.read_text("utf-8"))
    spec = json.loads(document.read_text("utf-8"))
    return generate_package(spec, scratch, leaning.decides)


def generate_package(
    spec: JsonObject,
    scratch: Path,
    decides: Mapping[str, frozenset[str]],
    *,
    name: str = PACKAGE,
    templates: Path = SETTINGS / "templates",
) -> Path:
    """Run the generator on a document in *scratch*, an empty folder.

    Args:
        spec: The document.
        scratch: Gets the package.
        decides: By component, the fields that must fit.
        name: The package's.
        templates: Of all files.
    """
    package = scratch / name
    source, config = scratch / "openapi.json", scratch / "config.json"
    source.write_text(json.dumps(prepare(spec, decides)), "utf-8")
    settings = settings_for(spec) | {"package_name_override": name}
    config.write_text(json.dumps(settings), "utf-8")
    _run(
        scratch,
        *("openapi_python_client", "generate", "--path", str(source), "--meta", "none"),
        *("--config", str(config)),
        *("--custom-template-path", str(templates)),
        *("--output-path", str(package)),
        # Otherwise the generator silently skips operations that it does not support.
        "--fail-on-warning",
    )
    source.unlink()
    config.unlink()
    # The generator always writes errors.py; our template for it has other content.
    (package / "errors.py").rename(package / "misfits.py")
    (package / "py.typed").touch()
    _run(scratch, "ruff", "check", name, "--fix-only", "--select=I,F401", *RUFF)
    _run(scratch, "ruff", "format", name, *RUFF)
    return package


def lint(package: Path) -> None:
    """Check the code in a tenth of a second. `prove` takes longer than everything else together."""
    _run(package.parent, "ruff", "check", package.name, "--quiet", f"--select={_FATAL}", *RUFF)


def prove(package: Path) -> None:
    """Check that the code compiles and passes mypy --strict."""
    for file in sorted(package.rglob("*.py")):
        try:
            compile(file.read_bytes(), file.name, "exec", dont_inherit=True)
        except SyntaxError as error:
            raise GenerateError(f"the generated {file.relative_to(package)}: {error}") from error
    _run(
        package.parent,
        *(
            "mypy",
            "--strict",
            "--config-file=",
            "--python-version=3.11",
            f"--cache-dir={MYPY_CACHE}",
        ),
        *("--no-error-summary", package.name),
    )


def read_tree(folder: Path) -> dict[str, bytes]:
    """All files below a folder, without Python's caches."""
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


def compare(*, expected: Mapping[str, bytes], actual: Mapping[str, bytes]) -> list[str]:
    """The differences between two trees, in both directions."""
    changes = []
    for name in sorted(expected.keys() | actual.keys()):
        if name not in actual:
            changes.append(f"missing: {name}")
        elif name not in expected:
            changes.append(f"extra: {name}")
        elif actual[name] != expected[name]:
            changes.append(f"different: {name}")
    return changes


def swap(new: Path, target: Path, old: Path) -> None:
    """Replace *target* by *new*. If that fails, *target* is unchanged."""
    target.parent.mkdir(exist_ok=True)
    if target.exists():
        move(target, old)
    try:
        move(new, target)
    except OSError:
        if old.exists():
            move(old, target)
        raise


def move(source: Path, target: Path) -> None:
    """Move a folder, also where it cannot be renamed: out of a layer of a container's image."""
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        try:
            shutil.copytree(source, target)
        except OSError:
            shutil.rmtree(target, ignore_errors=True)
            raise
        shutil.rmtree(source)


def _run(folder: Path, *command: str) -> None:
    """Run a tool of this environment without outside settings."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RUFF_", "MYPY", "PYTHONPATH"))
    }
    done = subprocess.run(
        # -P: files in the folder must not be imported by a tool.
        [sys.executable, "-P", "-m", *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise GenerateError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
