"""Tokens: a wait as a short string that another process can go on with. No secret in it."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any, Literal, TypeAlias, cast

from attrs import frozen

from .errors import ConfigurationError

_VERSION = "abt1"

TokenKind: TypeAlias = Literal["chain promotion", "model promotion", "cancellation"]
# Each attribute's key in the text.
_KEYS = {
    "kind": "kind",
    "resource_id": "parent",
    "environment_name": "environment",
    "deployment_id": "deployment",
    "previous_id": "previous",
    "candidate_id": "candidate",
    "promotion_status": "promotion",
    "at_once": "at_once",
    "intended": "intended",
    "was_busy": "was_busy",
    "hold": "hold",
}
_KINDS = ("chain promotion", "model promotion", "cancellation")


@frozen(kw_only=True)
class Token:
    """What a promotion or a cancellation has to remember, to go on in another process.

    `Token.load` reads ``promotion.token``; ``Baseten.resume`` goes on with it.

    Attributes:
        kind: What ``resume`` continues: ``"chain promotion"``, ``"model promotion"`` or
            ``"cancellation"``.
        resource_id: The chain's or model's id.
        environment_name: The environment's name.
        deployment_id: The deployment that is promoted; ``None`` if a cancellation does not know it.
        previous_id: The deployment that served before, or ``None``.
        candidate_id: The candidate before the promotion, or ``None``.
        promotion_status: The promotion's status before, or ``None``.
        at_once: Whether Baseten answered to the cancellation that it was done.
        intended: Whether the token was made before the request was sent. *deployment_id* is then
            the deployment that was asked for, which need not be the one to follow.
        was_busy: Whether another promotion was under way then, which may look like this one.
        hold: Of a guarded promotion, the seconds for which Baseten holds each step, 0 if that is
            not known; ``None`` for every other one.
    """

    kind: TokenKind
    resource_id: str
    environment_name: str
    deployment_id: str | None
    previous_id: str | None = None
    candidate_id: str | None = None
    promotion_status: str | None = None
    at_once: bool = False
    intended: bool = False
    was_busy: bool = False
    hold: int | None = None

    def dump(self) -> str:
        """The text: letters, digits, dots, dashes and underscores."""
        values = ((key, getattr(self, name)) for name, key in _KEYS.items())
        fields = {key: value for key, value in values if value is not None}
        # Without the space it would begin like a JWT, which Airflow, for one, masks in its logs.
        content = b" " + json.dumps(fields, separators=(",", ":"), sort_keys=True).encode()
        return f"{_VERSION}.{_checksum(content)}.{_encode(content)}"

    @classmethod
    def load(cls, text: str) -> Token:
        """Read the text of a token.

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
        # Decoding ignores what is no letter of it, and a copy with that in it is damaged, too.
        if _checksum(content) != checksum or _encode(content) != body:
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
        and {"parent", "environment"} <= fields.keys() <= {*texts, *flags, "kind", "hold"}
        and all(isinstance(fields[key], str) for key in texts & fields.keys())
        and all(isinstance(fields[key], bool) for key in flags & fields.keys())
        and (fields["kind"] == "cancellation" or "deployment" in fields)
        and _is_count(fields.get("hold", 0))
    )
    if not is_sound:
        raise ConfigurationError("this token is damaged: it does not say what it goes on with")
    return {name: fields.get(key) for name, key in _KEYS.items() if key in {"deployment", *fields}}


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _checksum(content: bytes) -> str:
    return f"{zlib.crc32(content):08x}"
