"""The file that remembers a release of several targets: its format, and what it decides."""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

import attrs
from attrs import frozen

from .. import Token
from ..errors import ConfigurationError
from ._files import UnreadableError, read_text
from ._outcomes import Outcome

try:
    import fcntl
except ImportError:  # on Windows, two commands can use the file at once
    fcntl = None  # type: ignore[assignment]

_VERSION = 1
# Bytes: an entry has some hundred.
_LARGEST_FILE = 10_000_000
_IN_USE = "another command uses it"

#: What a second run does with a target: leave it alone, wait for its token, or promote it. One that
#: was rejected ends the command as before.
Next: TypeAlias = Literal["leave", "wait", "promote", "end"]

# After these, the promotion may go on at Baseten, so that its token continues the wait.
_GOES_ON = frozenset(
    one.label
    for one in (
        Outcome.TIMED_OUT,
        Outcome.PAUSED,
        Outcome.BREACHED,
        Outcome.GUARD_UNAVAILABLE,
        Outcome.REFUSED,
        Outcome.NOT_FOUND,
        Outcome.UNAVAILABLE,
        Outcome.ERROR,
        Outcome.PIPE_CLOSED,
        Outcome.INTERRUPTED,
        Outcome.TERMINATED,
    )
)

# What others have decided is not undone by running a command again.
_BY_OTHERS = frozenset({Outcome.CANCELLED.label, Outcome.SUPERSEDED.label})


@frozen(kw_only=True)
class Entry:
    """What is known of one target.

    Attributes:
        word: The deployment, as the user wrote it.
        resource_id: The id of the chain or the model.
        deployment_id: The id of the deployment that was asked for.
        token: The token of its promotion; ``None`` if nothing was sent.
        outcome: How it ended; ``None`` if that is not known.
        taken_back: Whether its guard has taken it back.
    """

    word: str
    resource_id: str
    deployment_id: str
    token: str | None = None
    outcome: str | None = None
    taken_back: bool = False

    @property
    def is_rejected(self) -> bool:
        """Whether its guard has taken it back, or somebody has cancelled or replaced it.

        That may have been a guard of another command, which does not know this file.
        """
        return self.taken_back or self.outcome in _BY_OTHERS

    def next_for(self, word: str) -> Next:
        """What to do with a target for which the user wrote *word* now.

        A promotion that failed is promoted anew: the user has run the command again because
        something was fixed. So is one whose response was lost, because `promote` looks first.
        But of a deployment that was rejected, only another one is promoted.
        """
        if word != self.word:
            return "promote"
        if self.is_rejected:
            return "end"
        if self.outcome == Outcome.DONE.label:
            return "leave"
        if self.token is None or Token.load(self.token).kind == "cancellation":
            return "promote"
        return "wait" if self.outcome is None or self.outcome in _GOES_ON else "promote"


class TokenFile:
    """The file. Each change is on the disk, whole, before `put` returns."""

    def __init__(self, path: str | None) -> None:
        """Read the file, if there is one.

        Args:
            path: The path; ``None`` remembers nothing.

        Raises:
            ConfigurationError: It cannot be read, or is not such a file.
        """
        # A link stays a link, and a device stays what it is.
        self._path = None if path is None else Path(os.path.realpath(path))
        self._lock: int | None = None
        self._entries: dict[str, Entry] = {} if self._path is None else _read(self._path)

    @contextmanager
    def held(self) -> Generator[None]:
        """Keep other commands from the file during the block, and read it anew before.

        Raises:
            ConfigurationError: Another command holds it, or it cannot be used.
        """
        if self._path is None or fcntl is None:
            yield
            return
        self._lock = _locked(self._path)
        try:
            self._entries = _read(self._path)
            yield
        finally:
            os.close(self._lock)
            self._lock = None

    def get(self, key: str) -> Entry | None:
        """What is known of the target *key*."""
        return self._entries.get(key)

    def begun(self) -> Mapping[str, Entry]:
        """The targets whose promotion has begun, and of which nobody has seen the success."""
        return {
            key: one
            for key, one in self._entries.items()
            if one.token is not None and not one.is_rejected and one.outcome != Outcome.DONE.label
        }

    def is_started(self) -> bool:
        """Whether a promotion of the release has begun, or may have."""
        return any(one.token is not None for one in self._entries.values())

    def put(self, key: str, entry: Entry) -> None:
        """Remember what is known of the target *key*.

        Raises:
            OSError: It cannot be written. The file is as it was.
        """
        self._entries[key] = entry
        self.write()

    def write(self) -> None:
        """Write the file.

        Raises:
            OSError: It cannot be written. The file is as it was.
        """
        if self._path is None:
            return
        targets = {key: attrs.asdict(entry) for key, entry in self._entries.items()}
        content = json.dumps({"version": _VERSION, "targets": targets}, indent=2)
        # A reader sees the old file or the new one, also after a crash.
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            with draft.open("w", encoding="utf-8") as file:
                file.write(f"{content}\n")
                file.flush()
                os.fsync(file.fileno())
                if self._lock is not None and fcntl is not None:
                    # It goes over to the new file, before another command can see that.
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.dup2(file.fileno(), self._lock, inheritable=False)
            draft.replace(self._path)
        except OSError:
            with suppress(OSError):
                draft.unlink()
            raise


def _read(path: Path) -> dict[str, Entry]:
    if not path.exists():
        return {}
    if not path.is_file():
        raise _unreadable("it is not a regular file")
    try:
        text = read_text(os.fspath(path), most=_LARGEST_FILE)
    except UnreadableError as error:
        raise _unreadable(str(error)) from None
    return dict(_parsed(text)) if text.strip() else {}  # mktemp makes an empty one


def _locked(path: Path) -> int:
    """A descriptor that holds the lock of a file, which is made if there is none."""
    assert fcntl is not None  # noqa: S101 - the caller has checked it
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unreadable(error.strerror or "it cannot be opened") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Another command may have replaced it meanwhile.
        is_it = os.path.samestat(os.fstat(descriptor), path.stat())
        reason = None if is_it else _IN_USE
    except BlockingIOError:
        reason = _IN_USE
    except OSError as error:  # such as a file system without locks
        reason = error.strerror or "it cannot be locked"
    if reason is not None:
        os.close(descriptor)
        raise _unreadable(reason)
    return descriptor


def _parsed(text: str) -> Mapping[str, Entry]:
    reason = "it is damaged, or not a token file"
    try:
        content = json.loads(text)
        if content["version"] == _VERSION:
            return {key: _entry(fields) for key, fields in content["targets"].items()}
        reason = "it has another version"
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass
    raise _unreadable(reason)


def _entry(fields: Any) -> Entry:
    values = cast("dict[str, str | bool | None]", dict(fields))
    for name in ("word", "resource_id", "deployment_id"):
        if not isinstance(values[name], str):
            raise TypeError(name)
    entry = Entry(**cast("Any", values))
    if entry.token is not None:
        Token.load(entry.token)  # a damaged one is a ValueError
    return entry


def _unreadable(reason: str) -> ConfigurationError:
    return ConfigurationError(f"cannot use the file of --token-file: {reason}; nothing was sent")
