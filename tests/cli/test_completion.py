"""Completion in a shell, as the shell itself does it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from aiobaseten.cli import main
from aiobaseten.cli._completion import SHELLS
from aiobaseten.cli._grammar import GRAMMARS

OFFERED = [
    ("aiobaseten ro", {"roll-forward", "rollback"}),
    ("aiobaseten --json prom", {"promote"}),
    ("aiobaseten promote --on-p", {"--on-paused"}),
    ("aiobaseten promote model m d --wait --on-paused ", {"wait", "fail"}),
    ("aiobaseten promote --on-breach f", {"force-cancel"}),
    ("aiobaseten promote c", {"chain"}),
    ("aiobaseten cancel ch", set[str]()),
    ("aiobaseten environments up", {"update"}),
    ("aiobaseten promote --timeout ", set[str]()),
    ("aiobaseten promote --token-file ", {"a file.json", "other"}),
    ("aiobaseten completion z", {"zsh"}),
]


@pytest.fixture(name="scripts")
def written_scripts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A folder with the script for each shell."""
    for shell in SHELLS:
        with pytest.raises(SystemExit) as ended:
            main(["completion", shell])
        assert ended.value.code == 0
        (tmp_path / shell).write_text(capsys.readouterr().out)
    return tmp_path


def test_bash_offers_commands_options_values_and_files(scripts: Path, tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    for name in ("a file.json", "other"):
        (files / name).touch()
    asked = "".join(
        f'line={line!r}; read -ra COMP_WORDS <<< "$line"; '
        '[[ $line == *" " ]] && COMP_WORDS+=(""); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); '
        '_aiobaseten; (IFS=:; echo "${COMPREPLY[*]}");\n'
        for line, _ in OFFERED
    )

    ended = subprocess.run(
        ["bash", "--noprofile", "--norc", "-c", f"source {scripts / 'bash'}\n{asked}"],
        capture_output=True, check=True, text=True, cwd=files,
    )  # fmt: skip

    offered = [{*line.split(":")} - {""} for line in ended.stdout.split("\n")[:-1]]
    assert offered == [words for _, words in OFFERED]


@pytest.mark.parametrize("shell", SHELLS)
def test_every_script_names_every_command_and_option(scripts: Path, shell: str) -> None:
    script = (scripts / shell).read_text("utf-8")

    assert {name for name in GRAMMARS if not re.search(rf"\b{name}\b", script)} == set()
    for option in ("token-file", "max-error-rate", "no-scale-down-previous-deployment", "team"):
        assert option in script
    assert "force-cancel pause report" in script


@pytest.mark.parametrize("shell", [one for one in SHELLS if shutil.which(one)])
def test_every_shell_here_can_read_its_script(scripts: Path, shell: str) -> None:
    ended = subprocess.run(
        [shell, "-n", str(scripts / shell)], capture_output=True, check=False, text=True
    )

    assert (ended.returncode, ended.stderr) == (0, "")


def test_an_unknown_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["completion", "tcsh"])

    assert ended.value.code == 2
    assert "tcsh" not in capsys.readouterr().err
