"""A whole spec as Baseten would publish it, and a repository to refresh from it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import build_spec
import generate

from .frozen_spec import frozen


@pytest.fixture
def whole() -> frozen.Document:
    """A whole spec that says what the frozen one says."""
    return frozen.whole()


@pytest.fixture
def frozen_openapi(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scripts take the frozen openapi/ for theirs."""
    monkeypatch.setattr(build_spec, "OPENAPI", frozen.OPENAPI)


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository that the scripts take for theirs."""
    root = tmp_path / "repository"
    left_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(frozen.OPENAPI, root / "openapi")
    (root / "openapi" / "baseten.json").write_text(frozen.text(), "utf-8")
    shutil.copytree(generate.TARGET, root / "generated" / generate.PACKAGE, ignore=left_out)
    (root / ".gitignore").write_text("build/\n__pycache__/\n")
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "Before")
    monkeypatch.setattr(build_spec, "OPENAPI", root / "openapi")
    monkeypatch.setattr(build_spec, "DOCUMENT", root / "openapi" / "baseten.json")
    monkeypatch.setattr(generate, "TARGET", root / "generated" / generate.PACKAGE)
    return root


@pytest.fixture
def status(repository: Path) -> Callable[[], str]:
    """What `git status` says about the repository."""
    return lambda: git(repository, "status", "--porcelain", "--untracked-files=all")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither generator nor validator: the code is what it was, and nobody proves anything."""

    def same(document: Path, scratch: Path) -> Path:
        package = scratch / generate.PACKAGE
        shutil.copytree(generate.TARGET, package)
        (package / "made_from.txt").write_text(document.read_text("utf-8")[-200:], "utf-8")
        return package

    monkeypatch.setattr(generate, "generate", same)
    monkeypatch.setattr(generate, "prove", lambda package: None)
    monkeypatch.setattr(build_spec, "first_error", lambda document: None)
