"""Addresses of receivers, as people write them."""

from __future__ import annotations

import ipaddress
from argparse import ArgumentTypeError
from urllib.parse import urlsplit


def parse_address(text: str) -> str:
    """The address of a receiver: https, or http on a loopback address.

    Raises:
        ArgumentTypeError: It is another one. The message does not repeat it: it may be secret.
    """
    try:
        parts = urlsplit(text.strip())
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ArgumentTypeError("not an address") from None
    if not host or parts.scheme not in ("http", "https"):
        raise ArgumentTypeError("not an address; write https://HOST/PATH")
    if parts.username is not None or parts.password is not None:
        raise ArgumentTypeError("leave out the user and the password")
    if parts.scheme == "http" and not is_loopback(host):
        raise ArgumentTypeError("must be https; only loopback addresses may be http")
    return text.strip()


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, so that nobody else can read what is sent to it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
