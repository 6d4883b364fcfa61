"""A process that is stopped and goes on, as on a suspended laptop, keeps all its connections.

Everything is due at once when it goes on: the responses that have arrived, and the time limits.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import pytest

from aiobaseten.options import Transport

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = int(os.environ.get("STOPS", "60"))
#: The time limit of the requests, in seconds, and when the process is stopped for the first time.
LIMIT_S = 0.3
STOPPED_AT_S = 0.2
ANSWER = json.dumps({"id": "d1", "chainlets": [], "status": "ACTIVE"}).encode()

# It has one connection. A line on its standard input is a round, and gets a line as answer.
CLIENT = f"""
import asyncio, sys
from aiobaseten import Baseten, RetryPolicy
from aiobaseten.errors import TransportError

async def main():
    async with Baseten(
        api_key="test-key", base_url=sys.argv[1], transport=sys.argv[2], max_connections=1,
        retry=RetryPolicy(attempts=1), pool_timeout=5,
    ) as baseten:
        while await asyncio.to_thread(sys.stdin.readline):
            print("sending", flush=True)
            chain = baseten.with_options(answer_timeout={LIMIT_S}).chain("c1")
            try:
                await chain.deployment("slow").get()
            except TransportError:
                pass
            try:
                await baseten.chain("c1").deployment("d1").get()
            except TransportError as error:
                print(error, flush=True)
            else:
                print("well", flush=True)

asyncio.run(main())
"""


class Server:
    """Answers at once, but for "slow"."""

    def __init__(self) -> None:
        self.delay = 0.0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await asyncio.sleep(self.delay if b"/slow " in head else 0)
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(ANSWER))
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@pytest.mark.thorough
@pytest.mark.timeout(600)
async def test_a_process_that_was_stopped_twice_loses_no_connection(
    transport: Transport,
) -> None:
    """The second time, it is reading a response that came while it stood still."""
    chance, server = random.Random(4), Server()
    listening = await asyncio.start_server(server.answer, "127.0.0.1", 0)
    async with listening:
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        client = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", CLIENT, url, transport),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
        )
        assert client.stdin is not None
        assert client.stdout is not None
        outcomes: list[str] = []
        try:
            for _ in range(ROUNDS):
                server.delay = chance.uniform(LIMIT_S, LIMIT_S + 0.1)
                client.stdin.write(b"\n")
                assert await client.stdout.readline() == b"sending\n"
                await asyncio.sleep(STOPPED_AT_S)
                client.send_signal(signal.SIGSTOP)
                await asyncio.sleep(LIMIT_S)
                client.send_signal(signal.SIGCONT)
                # A few steps of the client: no other task may delay the second stop.
                time.sleep(chance.uniform(0, 0.006))  # noqa: ASYNC251
                client.send_signal(signal.SIGSTOP)
                await asyncio.sleep(0.2)
                client.send_signal(signal.SIGCONT)
                outcomes.append((await client.stdout.readline()).decode().strip())
        finally:
            client.send_signal(signal.SIGCONT)
            client.kill()
            await client.wait()

    assert set(outcomes) == {"well"}
