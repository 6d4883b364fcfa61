"""Several processes on one API key, over loopback and in real time: do their budgets converge?

They do not know of each other. A server in another process allows so many requests per second for the
key, and answers 429 beyond that. Run it with ``PYTHONPATH=src:generated:scripts python -m bench.several``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections import defaultdict, deque
from itertools import pairwise
from statistics import quantiles

from attrs import frozen

from .world import model_deployment

#: Waits of each process, each on its own deployment.
WAITS = 50
#: Seconds of a run, and the first of them, which are not counted: budgets need some to converge.
RUN_S, SETTLING_S = 60.0, 30.0


@frozen
class Outcome:
    """What the server saw after the budgets had settled."""

    processes: int
    rate: float
    limit: int
    #: Answered and refused requests per second.
    answered: float
    refused: float
    #: The share of the answered requests of the luckiest and of the unluckiest process.
    shares: tuple[float, float]
    #: Median and p99 of the seconds between two answered looks at the same deployment.
    stale: tuple[float, float]


def run(processes: int, rate: float, limit: int) -> Outcome:
    """So many processes, each with its own *rate*, and one *limit*."""
    server = _start("serve", str(limit))
    clients: list[subprocess.Popen[str]] = []
    try:
        assert server.stdout is not None  # noqa: S101 - for the type checker
        address = f"http://127.0.0.1:{int(server.stdout.readline())}"
        clients += [_start("wait", address, f"p{number}", str(rate)) for number in range(processes)]
        time.sleep(RUN_S)
        for client in clients:
            client.kill()
        said, _ = server.communicate("\n")
    finally:
        for one in (*clients, server):
            one.kill()
            one.wait()
    return _outcome(json.loads(said), processes, rate, limit)


def _start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "bench.several", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _outcome(
    requests: list[tuple[float, str, bool]], processes: int, rate: float, limit: int
) -> Outcome:
    end = max(at for at, _, _ in requests)
    counted = [one for one in requests if one[0] > end - (RUN_S - SETTLING_S)]
    seconds = end - counted[0][0]
    answered: dict[str, list[float]] = defaultdict(list)
    for at, name, is_answered in counted:
        if is_answered:
            answered[name].append(at)
    by_process: dict[str, int] = defaultdict(int)
    for name, times in answered.items():
        by_process[name.partition("-")[0]] += len(times)
    total = sum(by_process.values())
    gaps = [later - at for times in answered.values() for at, later in pairwise(times)]
    if len(gaps) < 2:
        raise RuntimeError("the machine is too busy: the processes had no time to look twice")
    cuts = quantiles(gaps, n=100)
    counts = [by_process[f"p{number}"] for number in range(processes)]
    return Outcome(
        processes=processes,
        rate=rate,
        limit=limit,
        answered=total / seconds,
        refused=(len(counted) - total) / seconds,
        shares=(max(counts) / total, min(counts) / total),
        stale=(cuts[49], cuts[98]),
    )


# --- the other processes -------------------------------------------------------------------------


class _Connection(asyncio.Protocol):
    def __init__(
        self, limit: int, answered: deque[float], requests: list[tuple[float, str, bool]]
    ) -> None:
        self._limit = limit
        self._answered = answered  # when the last requests were, of all connections
        self._requests = requests
        self._unread = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 - for the type checker
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while b"\r\n\r\n" in self._unread and self._transport is not None:
            head, _, self._unread = self._unread.partition(b"\r\n\r\n")
            name = head.split(b" ", 2)[1].rpartition(b"/")[2].decode()
            self._transport.write(self._answer(name))

    def _answer(self, name: str) -> bytes:
        now = time.monotonic()
        while self._answered and now - self._answered[0] >= 1.0:
            self._answered.popleft()
        is_answered = len(self._answered) < self._limit
        self._requests.append((now, name, is_answered))
        if is_answered:
            self._answered.append(now)
        body = model_deployment(name, "LOADING_MODEL") if is_answered else b'{"retry_after": 1}'
        status = "200 OK" if is_answered else "429 Too Many Requests"
        return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


async def _serve(limit: int) -> None:
    requests: list[tuple[float, str, bool]] = []
    answered: deque[float] = deque()
    server = await asyncio.get_running_loop().create_server(
        lambda: _Connection(limit, answered, requests), "127.0.0.1", 0
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    print(json.dumps(requests))
    server.close()


async def _wait(address: str, name: str, rate: float) -> None:
    from aiobaseten import Baseten

    async with (
        Baseten(api_key="bench", base_url=address, polling_rate=rate) as baseten,
        asyncio.TaskGroup() as group,
    ):
        for number in range(WAITS):
            deployment = baseten.model("m1").deployment(f"{name}-{number}")
            group.create_task(deployment.wait_until_active(timeout=None))


def main(arguments: list[str]) -> int:
    """Run the table, or be one of the other processes."""
    if arguments[:1] == ["serve"]:
        asyncio.run(_serve(int(arguments[1])))
        return 0
    if arguments[:1] == ["wait"]:
        asyncio.run(_wait(arguments[1], arguments[2], float(arguments[3])))
        return 0
    parser = argparse.ArgumentParser(prog="bench.several", description=__doc__)
    parser.add_argument("--limit", type=int, default=20, help="requests per second of the key")
    chosen = parser.parse_args(arguments)
    print("processes  rate  answered/s  refused/s  shares  staleness p50, p99")
    for processes, rate in ((1, 15.0), (4, 5.0), (4, 15.0), (8, 5.0), (8, 15.0)):
        found = run(processes, rate, chosen.limit)
        print(
            f"{processes:>9} {rate:>5g} {found.answered:>11.1f} {found.refused:>10.1f}  "
            f"{found.shares[0]:.2f} to {found.shares[1]:.2f}  "
            f"{found.stale[0]:.1f} s, {found.stale[1]:.1f} s",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
