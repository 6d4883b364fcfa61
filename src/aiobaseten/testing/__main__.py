"""Serve a fake Baseten on a loopback port until it is stopped."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shlex
import signal
import sys
from dataclasses import asdict

from . import CompressedClock
from ._fake import FakeBaseten
from .behaviour import Behaviour
from .scenarios import SCENARIOS


def main() -> int:
    """Serve until SIGINT or SIGTERM; the exit status is 1 if the port is not available."""
    parser = _parser()
    options = parser.parse_args()
    try:
        behaviour = Behaviour(**dict(options.behaviour))
    except ValueError as error:
        parser.error(f"argument --behaviour: {error}")
    fake = FakeBaseten(
        api_key=options.api_key,
        speed=options.speed,
        # People ask it for the log since a time of today.
        started=CompressedClock(options.speed).utcnow(),
        behaviour=behaviour,
        enforce_limits=options.rate_limits,
    )
    SCENARIOS[options.scenario](fake)
    try:
        asyncio.run(_serve(fake, options.port, options.speed))
    except KeyboardInterrupt:
        pass  # on systems where the loop cannot handle signals
    except OSError as error:
        sys.stderr.write(f"cannot listen on port {options.port}: {error.strerror or error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {name:10}{_first_line(name)}" for name in SCENARIOS)
    parser = argparse.ArgumentParser(
        prog="python -m aiobaseten.testing",
        description="Serve a fake Baseten on a loopback port. Print one line, the environment\n"
        "variables for a client, and end on SIGINT or SIGTERM.",
        epilog=f"scenarios (chain support-bot and model ranker, with v1 in production):\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "scenario",
        nargs="?",
        default="healthy",
        choices=SCENARIOS,
        metavar="scenario",
        help="what happens when v2 is promoted: see below (default: healthy)",
    )
    parser.add_argument("--port", type=_port, default=0, help="default: a free one")
    parser.add_argument(
        "--speed",
        type=_speed,
        default=1.0,
        metavar="FACTOR",
        help="seconds of the fake's time in one real second (default: 1)",
    )
    parser.add_argument(
        "--api-key", type=_key, default="test-key", metavar="KEY", help="default: test-key"
    )
    parser.add_argument(
        "--rate-limits", action="store_true", help="enforce the documented rate limits"
    )
    parser.add_argument(
        "--behaviour",
        type=_behaviour,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an answer to an open question, such as hidden_for=5; may be repeated",
    )
    return parser


def _first_line(scenario: str) -> str:
    return (SCENARIOS[scenario].__doc__ or "").partition("\n")[0]


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"a number from 0 to 65535, not {text}")
    return port


def _speed(text: str) -> float:
    speed = float(text)
    if not 0 < speed < float("inf"):
        raise argparse.ArgumentTypeError(f"a factor above 0, not {text}")
    return speed


def _key(text: str) -> str:
    # A header cannot hold other characters, so no client could send them.
    if not (text and text.isascii() and text.isprintable() and " " not in text):
        raise argparse.ArgumentTypeError("a key is one word of ASCII characters")
    return text


def _behaviour(text: str) -> tuple[str, object]:
    name, _, value = text.partition("=")
    usual = asdict(Behaviour())
    if name not in usual:
        raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join(usual)}")
    if isinstance(usual[name], bool):
        return name, _truth(name, value)
    try:
        if isinstance(usual[name], tuple):
            return name, tuple(float(one) for one in value.split(","))
        return name, type(usual[name])(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{name} is a number, not {value!r}") from None


def _truth(name: str, value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"{name} is true or false, not {value!r}")
    return value.lower() == "true"


async def _serve(fake: FakeBaseten, port: int, speed: float) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stopped.set)
    async with fake.serve(port=port) as url:
        key = shlex.quote(fake.api_key or "any-key")
        line = f"BASETEN_BASE_URL={url} BASETEN_API_KEY={key}"
        if speed != 1:
            line += f" AIOBASETEN_CLOCK_SPEED={speed:g}"
        sys.stdout.write(f"{line}\n")
        # A program that reads this from a pipe waits for the line.
        sys.stdout.flush()
        await stopped.wait()


if __name__ == "__main__":
    sys.exit(main())
