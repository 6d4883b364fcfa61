"""Read specs and pages from a file, a folder or an address, within limits of size and time."""

from __future__ import annotations

import contextlib
import re
import threading
from dataclasses import dataclass
from pathlib import Path

import httpx

from spec.reading import MAX_JSON, described

MAX_BYTES = MAX_JSON
MAX_PAGES = 2_000
MAX_REDIRECTS = 5
# For one read from the connection, and for the whole response.
TIMEOUT_S = 20.0
DEADLINE_S = 120.0
_GZIP = b"\x1f\x8b"
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
# The first line of a page names its address.
_ADDRESS = re.compile(r"# Source: (https://docs\.baseten\.co/\S+)")


class FetchError(Exception):
    """A source could not be read. The message is one sentence."""


class NotTextError(FetchError):
    """It is not text."""


@dataclass(frozen=True)
class Text:
    """A text and its source. The source never holds a path of this machine."""

    source: str
    text: str

    @property
    def is_page(self) -> bool:
        """Whether this is a documentation page instead of a spec."""
        is_markdown = self.text.lstrip().startswith(("#", ">")) and "```" in self.text
        return is_markdown or bool(described(self.text))


def fetch(source: str) -> list[Text]:
    """Read an address, a file, or the pages (.md) in a folder.

    Raises:
        FetchError: It cannot be read, is too large, or is not text.
    """
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", source):
        found = [_from_address(source)]
    elif Path(source).is_dir():
        return _from_folder(Path(source))
    else:
        found = [_from_file(Path(source), MAX_BYTES)]
    for one in found:
        if one.text.lstrip()[:1] == "<":
            raise FetchError(f"{one.source} is HTML; take the page with .md, or the spec as JSON.")
        if not one.text.strip():
            raise FetchError(f"{one.source} is empty.")
    return found


def _from_folder(folder: Path) -> list[Text]:
    files = sorted(folder.rglob("*.md"))
    if not files:
        raise FetchError(f"{folder.name} holds no page (.md).")
    if len(files) > MAX_PAGES:
        raise FetchError(f"{folder.name} holds more than {MAX_PAGES:,} pages.")
    found, left = [], MAX_BYTES
    for file in files:
        with contextlib.suppress(NotTextError):
            one = _from_file(file, left)
            left -= len(one.text)
            # A whole site has pages about everything.
            if described(one.text):
                found.append(one)
    if not found:
        raise FetchError(f"{folder.name} holds no page with the YAML of an operation.")
    return found


def _from_file(file: Path, allowed: int) -> Text:
    if not file.is_file():
        raise FetchError(f"{file} is neither a file, a folder nor an address.")
    try:
        with file.open("rb") as stream:
            content = stream.read(allowed + 1)
    except OSError as error:
        raise FetchError(f"{file} cannot be read: {error.strerror}.") from error
    text = _decoded(file.name, content, allowed)
    address = _ADDRESS.match(text)
    return Text(address[1] if address else file.name, text)


def _from_address(address: str) -> Text:
    """Read an address in time, even if the server sends one letter at a time."""
    result: list[Text | FetchError] = []

    def read() -> None:
        try:
            result.append(_read_address(address))
        except FetchError as error:
            result.append(error)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(DEADLINE_S)
    if not result:
        raise FetchError(f"{_plain(_checked(address))} takes longer than {DEADLINE_S:g} seconds.")
    if isinstance(result[0], FetchError):
        raise result[0]
    return result[0]


def _read_address(address: str) -> Text:
    url = _checked(address)
    try:
        with httpx.Client(timeout=TIMEOUT_S, follow_redirects=False) as client:
            for _ in range(MAX_REDIRECTS):
                with client.stream("GET", url) as response:
                    if response.has_redirect_location:
                        url = _checked(str(url.join(response.headers["location"])))
                        continue
                    if response.status_code != 200:
                        raise FetchError(f"{_plain(url)} answers {response.status_code}.")
                    content = _body(response)
                    return Text(_plain(url), _decoded(_plain(url), content, MAX_BYTES))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        why = str(error) or type(error).__name__
        raise FetchError(f"{_plain(url)} cannot be read: {why}.") from error
    raise FetchError(f"{_plain(url)} redirects more than {MAX_REDIRECTS} times.")


def _checked(address: str) -> httpx.URL:
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as error:
        raise FetchError(f"{address!r} is not an address: {error}.") from error
    if url.scheme != "https" and not (url.scheme == "http" and url.host in _LOOPBACK):
        raise FetchError(f"{_plain(url)} is not https.")
    if url.userinfo:
        raise FetchError(f"{_plain(url)}: leave out the name and the password.")
    return url


def _plain(url: httpx.URL) -> str:
    """The address without secrets: safe to write down."""
    return str(url.copy_with(userinfo=b"", query=None, fragment=None))


def _body(response: httpx.Response) -> bytes:
    content = bytearray()
    # These chunks are decompressed, so the limit also stops a decompression bomb.
    for part in response.iter_bytes():
        content += part
        if len(content) > MAX_BYTES:
            break
    return bytes(content)


def _decoded(name: str, content: bytes, allowed: int) -> str:
    if len(content) > allowed:
        raise FetchError(f"{name} is larger than {MAX_BYTES:,} bytes.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        hint = " Decompress it first: `gunzip --keep`." if content[:2] == _GZIP else ""
        raise NotTextError(f"{name} is not UTF-8 text.{hint}") from error
    # Git, too, may change the ends of lines; the hash of a file must not depend on them.
    return text.replace("\r\n", "\n").replace("\r", "\n")
