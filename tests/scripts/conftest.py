"""A whole spec as published by Baseten, and a repository to refresh from it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import build_spec
import generate

from .frozen_spec import frozen


@pytest.fixture(autouse=True)
def no_proxy_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the scripts read the tests' own servers directly, also behind a company's proxy."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")


@pytest.fixture(scope="session", autouse=True)
def own_mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let each worker of pytest have a cache of its own: mypy crashes if several write into one."""
    own = tmp_path_factory.mktemp("mypy") / "generate"
    with pytest.MonkeyPatch.context() as patch:
        if generate.MYPY_CACHE.exists():
            shutil.copytree(generate.MYPY_CACHE, own)
        patch.setattr(generate, "MYPY_CACHE", own)
        yield


@pytest.fixture
def whole() -> frozen.Document:
    """A whole spec with the contents of the frozen one."""
    return frozen.whole()


@pytest.fixture
def frozen_openapi(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the scripts use the frozen openapi/."""
    monkeypatch.setattr(build_spec, "OPENAPI", frozen.OPENAPI)


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository that the scripts use as theirs."""
    root = tmp_path / "repository"
    left_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(frozen.OPENAPI, root / "openapi")
    (root / "openapi" / "baseten.json").write_text(frozen.text(), "utf-8")
    shutil.copytree(generate.TARGET, root / "generated" / generate.PACKAGE, ignore=left_out)
    (root / ".gitignore").write_text("build/\n__pycache__/\n")
    (root / "schemas.py").write_text("", "utf-8")
    settings = generate.read_settings()
    # The frozen spec is older than some of today's public schemas.
    schemas = frozen.document()["components"]["schemas"]
    for name in settings["class_overrides"].keys() - schemas.keys():
        del settings["class_overrides"][name]
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "Before")
    monkeypatch.setattr(build_spec, "OPENAPI", root / "openapi")
    monkeypatch.setattr(build_spec, "DOCUMENT", root / "openapi" / "baseten.json")
    monkeypatch.setattr(generate, "TARGET", root / "generated" / generate.PACKAGE)
    monkeypatch.setattr(generate, "PUBLIC", root / "schemas.py")
    monkeypatch.setattr(generate, "read_settings", lambda: settings)
    return root


@pytest.fixture
def status(repository: Path) -> Callable[[], str]:
    """The output of `git status` in the repository."""
    return lambda: git(repository, "status", "--porcelain", "--untracked-files=all")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without generator, checks and validator: the code stays as it is."""

    def same(document: Path, scratch: Path) -> Path:
        package = scratch / generate.PACKAGE
        shutil.copytree(generate.TARGET, package)
        (package / "made_from.txt").write_text(document.read_text("utf-8")[-200:], "utf-8")
        return package

    monkeypatch.setattr(generate, "generate", same)
    monkeypatch.setattr(generate, "prove", lambda package: None)
    monkeypatch.setattr(build_spec, "first_error", lambda document: None)
