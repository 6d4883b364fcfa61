"""Reading from a file, a folder or an address: each failure is one sentence."""

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import fetching
from fetching import FetchError, fetch

Answer = Callable[[BaseHTTPRequestHandler], None]


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    def give(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return give


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], str]]:
    """Serve one response repeatedly on this machine."""
    servers = []

    def start(give: Answer) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # http.server calls this name
                give(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/spec"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def message(source: str) -> str:
    with pytest.raises(FetchError) as caught:
        fetch(source)
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text
    return text


# --- addresses -----------------------------------------------------------------------------------


def test_a_spec_is_read_from_an_address(serve: Callable[[Answer], str]) -> None:
    address = serve(answer(200, b'{"openapi": "3.1.0"}'))

    (found,) = fetch(f"{address}?token=secret#part")

    assert found.text == '{"openapi": "3.1.0"}'
    assert found.source == address
    assert not found.is_page


def test_a_redirect_is_followed_a_few_times(serve: Callable[[Answer], str]) -> None:
    there = serve(answer(200, b"# Title\n```yaml\n```"))

    assert fetch(serve(answer(302, Location=there)))[0].source == there
    assert "redirects more than 5 times" in message(serve(answer(302, Location="/spec")))


def test_a_redirect_may_not_leave_https(serve: Callable[[Answer], str]) -> None:
    address = serve(answer(302, Location="http://baseten.example/spec"))

    assert message(address) == "http://baseten.example/spec is not https."


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("http://api.baseten.co/v1/spec", "http://api.baseten.co/v1/spec is not https."),
        ("ftp://api.baseten.co/spec", "ftp://api.baseten.co/spec is not https."),
        ("file:///etc/passwd", "/etc/passwd is not https."),
        ("https://me:word@api.baseten.co/", "leave out the name and the password."),
        ("https://[::1/spec", "is not an address"),
        ("http://127.0.0.1:1/spec", "cannot be read: "),
    ],
)
def test_an_invalid_address_is_refused(source: str, said: str) -> None:
    found = message(source)

    assert said in found
    assert "word" not in found.replace("password", "")


@pytest.mark.parametrize("status", [401, 404, 500, 204])
def test_an_error_status_is_named(status: int, serve: Callable[[Answer], str]) -> None:
    assert message(serve(answer(status))).endswith(f"/spec answers {status}.")


def test_a_response_is_read_only_up_to_the_limit(
    serve: Callable[[Answer], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if it is compressed."""
    monkeypatch.setattr(fetching, "MAX_BYTES", 1_000_000)
    bomb = gzip.compress(b" " * 50_000_000)

    for give in (
        answer(200, b" " * 3_000_000),
        answer(200, bomb, Content_Encoding="gzip"),
    ):
        assert message(serve(give)).endswith("/spec is larger than 1,000,000 bytes.")


def test_an_endless_response_is_read_up_to_the_limit(
    serve: Callable[[Answer], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MAX_BYTES", 1_000_000)

    def pour(handler: BaseHTTPRequestHandler) -> None:
        answer(200)(handler)
        try:
            while True:
                handler.wfile.write(b" " * 100_000)
        except OSError:
            pass

    assert message(serve(pour)).endswith("/spec is larger than 1,000,000 bytes.")


def test_a_slow_endless_response_times_out(
    serve: Callable[[Answer], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "DEADLINE_S", 0.05)

    def drip(handler: BaseHTTPRequestHandler) -> None:
        answer(200)(handler)
        try:
            while True:
                handler.wfile.write(b" ")
                handler.wfile.flush()
                time.sleep(0.005)
        except OSError:
            pass

    assert "takes longer than" in message(serve(drip))


def test_silence_times_out(serve: Callable[[Answer], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "TIMEOUT_S", 0.05)

    assert "cannot be read: " in message(serve(lambda handler: time.sleep(0.2)))


# --- files and folders ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<!DOCTYPE html><html>", "spec is HTML; take the page with .md, or the spec as JSON."),
        (b" \n", "spec is empty."),
        (b"\xff\xfe\x00", "spec is not UTF-8 text."),
    ],
)
def test_a_file_that_is_not_a_spec_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "spec").write_bytes(content)

    assert message(str(tmp_path / "spec")) == said


def test_a_file_that_is_too_large_is_not_read_completely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MAX_BYTES", 1_000)
    with (tmp_path / "spec").open("wb") as file:
        file.truncate(2**40)  # takes no space on the disk, and no memory has room for it

    assert message(str(tmp_path / "spec")) == "spec is larger than 1,000 bytes."


def test_a_missing_source_is_named(tmp_path: Path) -> None:
    assert "is neither a file, a folder nor an address" in message(str(tmp_path / "gone"))
    assert "holds no page" in message(str(tmp_path))


def test_a_byte_order_mark_is_removed(tmp_path: Path) -> None:
    (tmp_path / "spec").write_bytes(b"\xef\xbb\xbf{}")

    assert fetch(str(tmp_path / "spec"))[0].text == "{}"


def test_a_folder_has_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        (tmp_path / f"{name}.md").write_text("# Title", "utf-8")

    monkeypatch.setattr(fetching, "MAX_BYTES", 20)
    assert "is larger than" in message(str(tmp_path))
    monkeypatch.setattr(fetching, "MAX_PAGES", 2)
    assert "holds more than 2 pages" in message(str(tmp_path))


def test_a_server_that_drips_its_headers_is_left(
    serve: Callable[[Answer], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each letter comes in time, and the answer never begins."""
    monkeypatch.setattr(fetching, "DEADLINE_S", 0.1)

    def drip(handler: BaseHTTPRequestHandler) -> None:
        try:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
            while True:
                handler.wfile.write(b"x")
                handler.wfile.flush()
                time.sleep(0.005)
        except OSError:
            pass

    assert "takes longer than" in message(serve(drip))
