"""Tokens: a wait as a short string that another process can go on with. No secret in it.

After the version come, in base64: a byte with the kind and the flags, the texts, the numbers, and a
checksum. Each text stands after its length plus one, each number is one more than it is, and 0
stands for ``None``.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import Any, Literal, TypeAlias, get_args

from attrs import frozen

from .errors import ConfigurationError

_VERSION = "abt2"
_CHECKSUM_BYTES = 4
# No number that this version writes has more bits.
_LARGEST_BITS = 63

TokenKind: TypeAlias = Literal["chain promotion", "model promotion", "cancellation"]
# The order of each is part of the format.
_KINDS: tuple[TokenKind, ...] = get_args(TokenKind)
_FLAGS = ("at_once", "intended", "was_busy", "was_held", "was_left", "was_adopted")
_TEXTS = (
    "resource_id",
    "environment_name",
    "deployment_id",
    "previous_id",
    "candidate_id",
    "promotion_status",
)
_NUMBERS = ("hold", "sent_at")
_KIND_BITS = 2


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
        was_held: Of a guarded promotion, whether the guard has paused it to hold a step until the
            step has passed.
        was_left: Of a guarded promotion, whether the guard has paused it and left it to a person.
        was_adopted: Of a promotion, whether somebody else has started it.
        sent_at: Of a promotion, a time at which it was under way, in seconds since 1970 at Baseten.
            A newer promotion of the same deployment is another one. If *intended*, the time right
            before the request was sent; the audit log is searched from then on. ``None`` if not
            known.
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
    was_held: bool = False
    was_left: bool = False
    was_adopted: bool = False
    hold: int | None = None
    sent_at: int | None = None

    def dump(self) -> str:
        """The text: letters, digits, dots, dashes and underscores."""
        first = _KINDS.index(self.kind)
        for place, name in enumerate(_FLAGS, _KIND_BITS):
            first |= getattr(self, name) << place
        content = bytes([first])
        for name in _TEXTS:
            text: str | None = getattr(self, name)
            data = b"" if text is None else text.encode("utf-8", "surrogatepass")
            content += _varint(None if text is None else len(data)) + data
        for name in _NUMBERS:
            content += _varint(getattr(self, name))
        body = base64.urlsafe_b64encode(content + _checksum(content))
        return f"{_VERSION}.{body.decode().rstrip('=')}"

    @classmethod
    def load(cls, text: str) -> Token:
        """Read the text of a token.

        Raises:
            ConfigurationError: It is damaged, of another version, or not a token.
        """
        given = text.strip() if isinstance(text, str) else ""
        version, _, body = given.partition(".")
        if version != _VERSION:
            if version.startswith("abt") and version[3:].isdigit():
                raise ConfigurationError(
                    f"this token has version {version}, and this aiobaseten reads {_VERSION}: use "
                    "the aiobaseten that made it"
                )
            raise ConfigurationError("this is not a token of aiobaseten")
        try:
            data = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        except ValueError:
            data = b""
        content = data[:-_CHECKSUM_BYTES]
        if _checksum(content) != data[-_CHECKSUM_BYTES:]:
            raise ConfigurationError("this token is damaged: copy it again, whole")
        try:
            token = cls(**_decode(content))
        except ValueError:
            raise ConfigurationError(
                "this token is damaged: it does not say what it goes on with"
            ) from None
        # Decoding ignores what is no letter of it, and a copy with that in it is damaged, too.
        if token.dump() != given:
            raise ConfigurationError("this token is damaged: copy it again, whole")
        return token


def _decode(content: bytes) -> dict[str, Any]:
    """The fields of a token.

    Raises:
        ValueError: They are not valid, or some are missing.
    """
    data = iter(content)
    first = next(data, -1)
    kind = first & ~(-1 << _KIND_BITS)
    if kind >= len(_KINDS):  # also if there is nothing
        raise ValueError("the kind is unknown")
    fields: dict[str, Any] = {"kind": _KINDS[kind]}
    fields |= {name: bool(first >> at & 1) for at, name in enumerate(_FLAGS, _KIND_BITS)}
    for name in _TEXTS:
        size = _number(data)
        # A size that is too large takes all the rest, and the numbers are missing.
        whole = None if size is None else bytes(islice(data, size))
        fields[name] = None if whole is None else whole.decode("utf-8", "surrogatepass")
    fields |= {name: _number(data) for name in _NUMBERS}
    needed = {"resource_id", "environment_name", "deployment_id"}
    if fields["kind"] == "cancellation":
        needed.remove("deployment_id")
    if any(fields[name] is None for name in needed):
        raise ValueError("a name is missing")
    return fields


def _varint(number: int | None) -> bytes:
    """A number in as few bytes as possible: seven bits in each, the lowest first."""
    rest, encoded = 0 if number is None else number + 1, bytearray()
    while rest > 0x7F:
        encoded.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([*encoded, rest])


def _number(data: Iterator[int]) -> int | None:
    number = 0
    for place in range(0, _LARGEST_BITS, 7):
        byte = next(data, None)
        if byte is None:
            raise ValueError("it ends too early")
        number |= (byte & 0x7F) << place
        if byte <= 0x7F:
            return number - 1 if number else None
    raise ValueError("the number is too large")


def _checksum(content: bytes) -> bytes:
    return zlib.crc32(content).to_bytes(_CHECKSUM_BYTES, "big")
