"""Files that the user names: from any editor, of any size, or none at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from aiobaseten.cli import main
from aiobaseten.cli._arguments import parse
from aiobaseten.cli._files import UnreadableError, read_text
from aiobaseten.cli._invocations import PromoteSeveral
from aiobaseten.cli._token_file import Entry, TokenFile
from aiobaseten.errors import ConfigurationError

ENTRY = Entry(word="v2", resource_id="m", deployment_id="d")


@pytest.mark.parametrize("content", [b"a b\r\n", b"\xef\xbb\xbfa b\n", "a b\n".encode("utf-8-sig")])
def test_a_file_of_a_windows_editor_is_read_without_its_mark(
    content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(content)

    assert read_text(str(tmp_path / "file"), most=100).strip() == "a b"


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.mkdir(),
        lambda path: path.write_bytes(b"a" * 101),
        lambda path: path.write_bytes("a".encode("utf-16")),
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.symlink_to(path),
    ],
    ids=["a directory", "too large", "no UTF-8", "without an end", "a link to itself"],
)
def test_a_file_that_cannot_be_used_is_refused(
    make: Callable[[Path], object], tmp_path: Path
) -> None:
    make(tmp_path / "file")

    with pytest.raises(UnreadableError):
        read_text(str(tmp_path / "file"), most=100)


def test_targets_and_settings_of_a_windows_editor_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "targets").write_bytes(b"\xef\xbb\xbfmodel:m@d\r\n\r\nmodel:n@d\r\n")
    settings = b'[tool.aiobaseten]\r\nenvironment = "production"\r\n'
    (tmp_path / "pyproject.toml").write_bytes(b"\xef\xbb\xbf" + settings)

    command = parse(["promote", "--targets", "targets"])

    assert isinstance(command, PromoteSeveral)
    assert [one.label for one in command.targets] == ["model:m@d", "model:n@d"]
    assert [one.text for one in command.defaults] == ["production"]


@pytest.mark.parametrize("flag", ["--api-key-file", "--targets", "--token-file"])
def test_a_device_without_an_end_ends_the_command(
    flag: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BASETEN_API_KEY", "any-key")

    try:
        status: object = main(["promote", "model:m@d", "--to", "production", flag, "/dev/zero"])
    except SystemExit as ended:
        status = ended.code

    assert status == 2
    assert flag in capsys.readouterr().err


def test_a_token_file_that_is_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("tokens")
    file = TokenFile(str(tmp_path / "link"))

    with file.held():
        file.put("model:m production", ENTRY)

    assert (tmp_path / "link").is_symlink()
    assert json.loads((tmp_path / "tokens").read_text())["targets"]


def test_a_token_file_that_is_replaced_before_it_is_locked_is_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock would be that of a file that nobody sees any more."""
    fcntl = pytest.importorskip("fcntl")
    path = tmp_path / "tokens"
    lock = fcntl.flock

    def replace_and_lock(file: int, how: int) -> None:
        (tmp_path / "new").touch()
        (tmp_path / "new").replace(path)
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", replace_and_lock)

    with pytest.raises(ConfigurationError), TokenFile(str(path)).held():
        pass


def test_two_commands_cannot_use_a_token_file_at_the_same_time(tmp_path: Path) -> None:
    path = str(tmp_path / "tokens")
    first, second = TokenFile(path), TokenFile(path)

    with first.held():
        first.put("model:m production", ENTRY)  # the lock goes over to the new file
        with pytest.raises(ConfigurationError), second.held():
            pass
    with second.held():
        assert second.get("model:m production") == ENTRY
    assert [one.name for one in tmp_path.iterdir()] == ["tokens"]
