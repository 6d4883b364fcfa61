"""A whole process, from its start: imports, one client, and reads of one deployment over a socket."""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import time
from statistics import median

from attrs import frozen

from .server import serving
from .timing import Spread, ratios

#: Requests of each process, one at a time. Less than Baseten allows in a second, so none waits.
REQUESTS = 90
#: A loop of httpx, and aiobaseten over each of its transports.
RAW, OURS, OVER_AIOHTTP = "raw", "httpx", "aiohttp"


@frozen
class Processes:
    """CPU time, compared with a process that uses httpx alone, and the largest RSS in MB."""

    over_httpx: dict[str, Spread]
    megabytes: dict[str, float]


def measure(rounds: int) -> Processes:
    """Run each kind of process in turns."""
    taken: dict[str, list[float]] = {kind: [] for kind in (RAW, OURS, OVER_AIOHTTP)}
    sizes: dict[str, list[float]] = {kind: [] for kind in taken}
    with serving() as address:
        for number in range(rounds + 1):
            for kind in taken:
                done = subprocess.run(
                    [sys.executable, "-m", "bench.process", kind, address],
                    capture_output=True,
                    text=True,
                    check=True,
                )
                seconds, megabytes = json.loads(done.stdout)
                if number:  # the first round only fills the disk cache
                    taken[kind].append(seconds)
                    sizes[kind].append(megabytes)
    return Processes(
        over_httpx={kind: ratios(taken[kind], taken[RAW]) for kind in (OURS, OVER_AIOHTTP)},
        megabytes={kind: median(values) for kind, values in sizes.items()},
    )


async def _raw(address: str) -> None:
    import httpx

    async with httpx.AsyncClient() as client:
        for _ in range(REQUESTS):
            json.loads((await client.get(f"{address}/v1/chains/c1/deployments/1")).content)


async def _ours(kind: str, address: str) -> None:
    from aiobaseten import Baseten
    from aiobaseten.options import Transport

    over: Transport = "aiohttp" if kind == OVER_AIOHTTP else "httpx"
    async with Baseten(api_key="bench-key", base_url=address, transport=over) as baseten:
        for _ in range(REQUESTS):
            await baseten.chain("c1").deployment("1").get()


if __name__ == "__main__":
    kind, address = sys.argv[1:]
    asyncio.run(_raw(address) if kind == RAW else _ours(kind, address))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([time.process_time(), most]))
