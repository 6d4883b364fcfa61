"""Record the command line's live view: docs/command-line.svg, and an animation of the first run.

Each command runs as a real process in its own terminal, against a fake Baseten on a loopback port,
in compressed time. The screens at some moments become the picture; all changes of the screen become
the animation.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import struct
import sys
import termios
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, TypeAlias

import pyte
from rich.console import Console
from rich.text import Text

from aiobaseten.testing import FakeBaseten

DOCS = Path(__file__).parent.parent / "docs"
COLUMNS, LINES = 78, 12
SPEED = 30.0
PATIENCE_S = 60.0
# Fewer frames make a smaller file, and nobody sees the difference.
LEAST_PER_FRAME_S = 0.2
LAST_FRAME_S = 4.0
# Slow motion, so that people can read the text.
SLOWER = 2.5
# Height of a line in rich's SVG, in pixels.
LINE_HEIGHT = 24.4
# pyte's names of colours, and the usual names.
COLOURS = {"default": "", "brown": "yellow"}

#: Patterns that must all be on the screen, and a function to call then.
Moment: TypeAlias = tuple[Sequence[str], Callable[[], object]]


def furnished() -> FakeBaseten:
    """A chain with one slow chainlet, and a model that moves traffic in steps."""
    fake = FakeBaseten(speed=SPEED)
    chain = fake.chain("support-bot")
    chain.deployment("v1")
    chain.deployment(
        "v2",
        on_promote={
            "Transcribe": [("BUILDING", 30), ("DEPLOYING", 5), ("LOADING_MODEL", 20), "ACTIVE"],
            "Answer": [
                ("BUILDING", 30),
                ("DEPLOYING", 5),
                ("SCALED_TO_ZERO", 15),
                ("WAKING_UP", 10),
                ("LOADING_MODEL", 40),
                "ACTIVE",
            ],
        },
        chainlets=["Transcribe", "Answer"],
    )
    chain.environment("production", current="v1")
    model = fake.model("ranker")
    model.deployment("m1")
    model.deployment("m2", on_promote=[("LOADING_MODEL", 10), "ACTIVE"])
    model.environment("production", current="m1", ramp=[(25, 15), (50, 15), (75, 15)])
    return fake


class Terminal:
    """The screen of a running command."""

    def __init__(self) -> None:
        self.screen = pyte.Screen(COLUMNS, LINES)
        self.frames: list[tuple[float, Text]] = []
        self._stream = pyte.ByteStream(self.screen)
        self._changed = asyncio.Event()

    async def run(self, url: str, *arguments: str) -> int:
        """Run a command until it ends. Returns its exit status."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        decides = ("CI", "GITHUB_ACTIONS", "NO_COLOR", "COLUMNS", "LINES")
        environ = {
            **{name: value for name, value in os.environ.items() if name not in decides},
            "TERM": "xterm-256color",
            "LC_ALL": "C.UTF-8",
            "BASETEN_API_KEY": "test-key",
            "BASETEN_BASE_URL": url,
            "AIOBASETEN_CLOCK_SPEED": f"{SPEED:g}",
        }
        loop = asyncio.get_running_loop()
        loop.add_reader(master, self._read, master)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "aiobaseten.cli", *arguments,
            stdin=slave, stdout=slave, stderr=slave, env=environ, start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        try:
            return await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
            loop.remove_reader(master)
            self._feed(master)
            os.close(master)

    async def shows(self, *patterns: str) -> Text:
        """Wait until the screen has all the patterns. Returns the screen in its colours."""
        async with asyncio.timeout(PATIENCE_S):
            while not all(re.search(one, "\n".join(self.screen.display)) for one in patterns):
                self._changed.clear()
                await self._changed.wait()
        return self.copy()

    def copy(self) -> Text:
        """The screen in its colours."""
        lines = [self._line(number) for number in range(LINES)]
        while lines and not lines[-1]:
            lines.pop()
        # The text before the live view, with its long token, is not interesting.
        first = next((i for i, one in enumerate(lines) if one.plain.startswith("the prom")), 0)
        return Text("\n").join(lines[first:])

    def _line(self, number: int) -> Text:
        cells = [self.screen.buffer[number][column] for column in range(COLUMNS)]
        line = Text()
        for style, run in groupby(cells, key=_style):
            line.append("".join(cell.data for cell in run), style)
        line.rstrip()
        return line

    def _read(self, master: int) -> None:
        if not self._feed(master):
            asyncio.get_running_loop().remove_reader(master)

    def _feed(self, master: int) -> bool:
        try:
            data = os.read(master, 65536)
        except OSError:  # the command has ended
            return False
        self._stream.feed(data)
        now = asyncio.get_running_loop().time()
        if self.frames and now - self.frames[-1][0] < LEAST_PER_FRAME_S:
            now, _ = self.frames.pop()
        self.frames.append((now, self.copy()))
        self._changed.set()
        return bool(data)


def _style(cell: Any) -> str:
    colour = COLOURS.get(cell.fg, cell.fg)
    return f"{'bold ' if cell.bold else ''}{colour}".strip()


async def record(terminal: Terminal, url: str, line: str, *moments: Moment) -> list[Text]:
    """Run a command. Returns its screens at some moments and at the end."""
    run = asyncio.create_task(terminal.run(url, *line.split()))
    screens = [prompt(line)]
    for patterns, then in moments:
        screens.append(await terminal.shows(*patterns))
        then()
    if await run != 0:
        raise SystemExit(f"the command failed:\n{terminal.copy()}")
    return [*screens, terminal.copy()]


def prompt(line: str) -> Text:
    """The shell prompt with a command."""
    return Text(f"$ aiobaseten {line}", style="bold")


async def main() -> None:
    """Run both commands, and write the picture and the animation."""
    fake = furnished()
    first, line = Terminal(), "promote chain support-bot v2 --to production --wait"
    async with fake.serve() as url:
        chain = await record(
            first,
            url,
            line,
            (("Answer +BUILDING +1\\d s",), lambda: fake.faults.status(502)),
            (("look failed", "Answer +LOADING_MODEL +1\\d s"), lambda: None),
        )
        model = await record(
            Terminal(),
            url,
            "promote model ranker m2 --to production --wait",
            ((" 50 %",), lambda: None),
        )
    write(
        "command-line.svg",
        picture([one for screen in (*chain, *model) for one in (screen, Text())]),
    )
    write("command-line-film.svg", film(prompt(line), first.frames))


def picture(lines: Sequence[Text]) -> str:
    """A terminal with these lines, as an SVG."""
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, highlight=False)
        for line in lines:
            console.print(line)
    drawn = console.export_svg(title="aiobaseten", unique_id="aiobaseten")
    # The picture must not load fonts from another host.
    return re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)


def film(typed: Text, frames: Sequence[tuple[float, Text]]) -> str:
    """The frames as an animated SVG.

    The frames are below each other, behind a window that shows one at a time. Without animation (it
    is not supported, or the user prefers reduced motion), the window shows the last frame.
    """
    height = 1 + max(len(frame.split()) for _, frame in frames)
    lines: list[Text] = []
    for _, frame in frames:
        shown = [typed, *frame.split()]
        lines += [*shown, *(Text() for _ in range(height - len(shown)))]
    drawn = picture(lines)
    # Clip paths are most of the file, and useless: no line is longer than the terminal.
    drawn = re.sub(r'<clipPath id="aiobaseten-line-.*?</clipPath>\s*', "", drawn, flags=re.DOTALL)
    drawn = re.sub(r' clip-path="url\(#aiobaseten-line-\d+\)"', "", drawn)
    window, whole = height * LINE_HEIGHT, len(lines) * LINE_HEIGHT
    for tall in re.findall(r'(?:viewBox="0 0 \S+ |height=")([\d.]+)"', drawn):
        if float(tall) >= whole - LINE_HEIGHT / 2:
            drawn = drawn.replace(f'{tall}"', f'{float(tall) - whole + window:.1f}"')
    began = frames[0][0]
    lasts = SLOWER * (frames[-1][0] - began) + LAST_FRAME_S
    steps = "".join(
        f"{100 * share:.2f}% {{ transform: translateY({-i * window:.1f}px) }}\n"
        for i, share in enumerate(SLOWER * (at - began) / lasts for at, _ in frames)
    )
    style = (
        f".aiobaseten-matrix {{ transform: translateY({window - whole:.1f}px) }}\n"
        "@media (prefers-reduced-motion: no-preference) {\n"
        f".aiobaseten-matrix {{ animation: film {lasts:.1f}s step-end infinite }} }}\n"
        f"@keyframes film {{\n{steps}}}\n"
    )
    return drawn.replace("</style>", f"{style}</style>", 1)


def write(name: str, drawn: str) -> None:
    """Write a picture to docs/."""
    (DOCS / name).write_text(drawn, encoding="utf-8")
    print(f"docs/{name}: {len(drawn) / 1000:.0f} kB")


if __name__ == "__main__":
    asyncio.run(main())
