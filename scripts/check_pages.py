"""Check the built pages in headless Chromium, on a phone and on a desktop, light and dark.

Fails if a page is wider than its window, if code is cut off on a desktop, if the smallest text of a
picture is below 9 pixels, or if a picture ignores the theme button. ``--screenshots DIR`` takes
pictures of some pages, for people to look at.

Needs Chromium (Debian's package ``chromium``) or Chrome; ``--chromium PATH`` names another one.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

BUILT = Path(__file__).parent.parent / "build" / "docs"
MEASURE = Path(__file__).parent / "measure_pages.html"
WIDTHS = (390, 1280)
THEMES = ("light", "dark")
SMALLEST_TEXT_PX = 9
LASTS_AT_MOST_S = 300
PHOTOGRAPHED = ("index", "quickstart", "guard", "waiting", "command-line", "api/client")


class Site(SimpleHTTPRequestHandler):
    """Serves the built pages and the measuring page, and takes the results."""

    findings: list[str]
    measured: threading.Event

    def do_GET(self) -> None:
        """Serve a file, or the measuring page for every address below ``/measure``."""
        if not self.path.startswith("/measure"):
            super().do_GET()
            return
        body = MEASURE.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Take the findings of the measuring page."""
        self.findings += json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()
        self.measured.set()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Print no line for each request."""


def chromium(program: str, *arguments: str) -> list[str]:
    """A command that runs Chromium without a window and without requests of its own."""
    return [
        program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
        "--no-proxy-server", "--disable-background-networking", "--disable-component-update",
        *arguments,
    ]  # fmt: skip


def measure(program: str, address: str, measured: threading.Event) -> bool:
    """Open the measuring page, and wait for its results. Returns whether they came."""
    pages = sorted(str(page.relative_to(BUILT)) for page in BUILT.rglob("*.html"))
    query = urlencode({
        "pages": json.dumps(pages), "widths": json.dumps(WIDTHS), "themes": json.dumps(THEMES),
        "smallest": SMALLEST_TEXT_PX,
    })  # fmt: skip
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = subprocess.Popen(
            chromium(program, f"--user-data-dir={profile}", "--remote-debugging-port=0",
                     f"{address}/measure?{query}"),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            return measured.wait(LASTS_AT_MOST_S)
        finally:
            browser.terminate()
            browser.wait()


def photograph(program: str, address: str, folder: Path) -> None:
    """Take a screenshot of some pages, at each width and in each theme."""
    folder.mkdir(parents=True, exist_ok=True)
    for page in PHOTOGRAPHED:
        for width in WIDTHS:
            for theme in THEMES:
                query = urlencode({"show": f"{page}.html", "width": width, "theme": theme})
                target = folder / f"{page.replace('/', '-')}-{width}-{theme}.png"
                subprocess.run(
                    chromium(program, f"--screenshot={target}", f"--window-size={width},1600",
                             "--virtual-time-budget=4000", f"{address}/measure?{query}"),
                    check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                )  # fmt: skip


def main() -> int:
    """Check the pages. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    installed = filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome")))
    parser.add_argument("--chromium", default=next(installed, ""), metavar="PATH")
    parser.add_argument("--screenshots", type=Path, metavar="DIR")
    chosen = parser.parse_args()
    if not chosen.chromium:
        print("Chromium is not installed. On Debian: apt-get install chromium")
        return 2
    if not BUILT.exists():
        print("There are no built pages. Run `make docs` first.")
        return 2
    Site.findings, Site.measured = [], threading.Event()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Site, directory=str(BUILT))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        if chosen.screenshots:
            photograph(chosen.chromium, address, chosen.screenshots)
        came = measure(chosen.chromium, address, Site.measured)
        server.shutdown()
    print("\n".join(Site.findings))
    if not came:
        print(f"Chromium gave no results within {LASTS_AT_MOST_S} s.")
        return 1
    print(f"{len(Site.findings)} findings at {' and '.join(map(str, WIDTHS))} px")
    return 1 if Site.findings else 0


if __name__ == "__main__":
    sys.exit(main())
