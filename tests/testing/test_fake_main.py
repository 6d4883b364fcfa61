"""``python -m aiobaseten.testing``: the line that it prints, its options, and its end."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from aiobaseten import Baseten
from aiobaseten.testing import CompressedClock, scenarios
from aiobaseten.testing.__main__ import main

COMMAND = [sys.executable, "-m", "aiobaseten.testing"]


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The running command; ends it if it has not ended by itself."""
    with subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def first_line(process: subprocess.Popen[str]) -> dict[str, str]:
    """The variables in the printed line."""
    assert process.stdout is not None
    line = process.stdout.readline()
    return dict(word.split("=", 1) for word in shlex.split(line))


async def test_the_printed_line_configures_a_client(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with started("--speed", "1000", "--api-key", "it's-a-key") as process:
        for name, value in first_line(process).items():
            monkeypatch.setenv(name, value)
        async with Baseten(clock=CompressedClock(1000)) as baseten:
            promotion = await baseten.chain("support-bot").environment("production").promote("v2")
            live = await promotion.wait(timeout=600)

    assert os.environ["BASETEN_API_KEY"] == "it's-a-key"
    assert os.environ["AIOBASETEN_CLOCK_SPEED"] == "1000"
    assert (live.id, live.status) == ("v2", "ACTIVE")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_silently(number: signal.Signals) -> None:
    with started() as process:
        first_line(process)
        process.send_signal(number)
        output = process.communicate(timeout=20)

    assert (process.returncode, output) == (0, ("", ""))


def test_it_has_the_given_behaviour() -> None:
    with (
        started(
            "--behaviour", "chain_promotion=absent", "--behaviour", "replica_lags=0,8"
        ) as process,
        httpx.Client() as http,
    ):
        where = first_line(process)
        shown = http.get(
            f"{where['BASETEN_BASE_URL']}/v1/chains/support-bot/environments/production",
            headers={"Authorization": f"Bearer {where['BASETEN_API_KEY']}"},
        ).json()

    assert "in_progress_promotion" not in shown


def test_a_taken_port_is_reported_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with started("--port", str(port)) as process:
            out, err = process.communicate(timeout=20)

    assert (process.returncode, out) == (1, "")
    assert err.startswith(f"cannot listen on port {port}: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "wrong",
    [
        ["--speed", "0"],
        ["--port", "70000"],
        ["--api-key", "two words"],
        ["--api-key", ""],
        ["--behaviour", "mood=bad"],
        ["--behaviour", "hidden_for=long"],
        ["--behaviour", "hidden_for=-1"],
        ["--behaviour", "replica_lags=0,x"],
        ["--behaviour", "signals_succeed=perhaps"],
        ["heavenly"],
    ],
)
def test_an_invalid_option_is_refused_with_the_usage(
    wrong: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["fake", *wrong])
    with pytest.raises(SystemExit) as stopped:
        main()

    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith("usage: python -m aiobaseten.testing")


def test_the_help_lists_every_scenario(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["fake", "--help"])
    with pytest.raises(SystemExit):
        main()
    output = capsys.readouterr().out

    for name, scenario in scenarios.SCENARIOS.items():
        assert f"{name:10}{(scenario.__doc__ or '').partition(chr(10))[0]}" in output
