"""A wait as a short string that another process can go on with. It holds ids and no secret."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any, Literal, TypeAlias, cast

from attrs import asdict, frozen

from .errors import ConfigurationError

_VERSION = "abt1"

Kind: TypeAlias = Literal["chain promotion", "model promotion", "cancellation"]
_KINDS = ("chain promotion", "model promotion", "cancellation")


@frozen(kw_only=True)
class Token:
    """What a promotion or a cancellation has to remember.

    Attributes:
        kind: What it goes on with.
        parent: The chain's or model's id.
        environment: The environment's name.
        deployment: The deployment that is promoted; ``None`` if a cancellation does not know it.
        previous: The deployment that served before, or ``None``.
        candidate: The candidate before the promotion, or ``None``.
        promotion: The promotion's status before, or ``None``.
        at_once: Whether a cancellation was answered as done.
        intended: Whether it was made before the request to promote was sent: *deployment* is then
            the one that was asked for, which need not be the one to follow.
        was_busy: Whether another promotion was under way then, which may look like this one.
    """

    kind: Kind
    parent: str
    environment: str
    deployment: str | None
    previous: str | None = None
    candidate: str | None = None
    promotion: str | None = None
    at_once: bool = False
    intended: bool = False
    was_busy: bool = False

    def dump(self) -> str:
        """As a string of letters, digits, dots, dashes and underscores."""
        fields = {key: value for key, value in asdict(self).items() if value is not None}
        # Without the space it would begin as a JWT does, which Airflow, for one, masks in its logs.
        content = b" " + json.dumps(fields, separators=(",", ":"), sort_keys=True).encode()
        return f"{_VERSION}.{_checksum(content)}.{_encode(content)}"

    @classmethod
    def load(cls, text: str) -> Token:
        """Read what `dump` wrote.

        Raises:
            ConfigurationError: It is damaged, of another version, or not a token.
        """
        version, _, rest = text.strip().partition(".") if isinstance(text, str) else ("", "", "")
        if version != _VERSION:
            if version.startswith("abt") and version[3:].isdigit():
                raise ConfigurationError(
                    f"this token is of version {version}, and this aiobaseten reads {_VERSION}: "
                    "go on with the version that made it"
                )
            raise ConfigurationError("this is not a token of aiobaseten")
        checksum, _, body = rest.partition(".")
        try:
            content = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        except ValueError:
            content = b""
        if _checksum(content) != checksum:
            raise ConfigurationError("this token is damaged: copy it again, whole")
        return cls(**_checked(_decode(content)))


def _decode(content: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", fields) if isinstance(fields, dict) else {}


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    texts = {"parent", "environment", "deployment", "previous", "candidate", "promotion"}
    flags = {"at_once", "intended", "was_busy"}
    is_sound = (
        fields.get("kind") in _KINDS
        and {"parent", "environment"} <= fields.keys() <= {*texts, *flags, "kind"}
        and all(isinstance(fields[key], str) for key in texts & fields.keys())
        and all(isinstance(fields[key], bool) for key in flags & fields.keys())
        and (fields["kind"] == "cancellation" or "deployment" in fields)
    )
    if not is_sound:
        raise ConfigurationError("this token is damaged: it does not say what it goes on with")
    return {"deployment": None, **fields}


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _checksum(content: bytes) -> str:
    return f"{zlib.crc32(content):08x}"
