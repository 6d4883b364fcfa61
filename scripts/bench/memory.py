"""Memory of a parked wait: RSS of a fresh process, before and after parking ten thousand waits."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import tracemalloc
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from aiobaseten import Baseten, ModelHandle

from . import virtual
from .world import World

PARKED = 10_000


def _rss() -> int:
    pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _park(kind: str, model: ModelHandle, number: int) -> Awaitable[Any]:
    if kind == "bare":
        return asyncio.get_running_loop().create_future()
    # Ten waits share a deployment, or each has its own.
    name = f"d{number // 10}" if kind == "shared" else f"d{number}"
    return model.deployment(name).wait_until_active()


async def _await(waiting: Awaitable[Any]) -> Any:
    return await waiting


async def _measure(kind: str, *, traced: bool) -> float:
    world = World(records=False)
    async with Baseten(api_key="bench", http_client=world.client(), polling_rate=90.0) as baseten:
        # The first wait loads modules and fills caches, which must not count.
        first = asyncio.create_task(baseten.model("m1").deployment("first").wait_until_active())
        await asyncio.sleep(60)
        first.cancel()
        model = baseten.model("m1")
        world.prepare(f"d{number}" for number in range(PARKED))
        gc.collect()
        if traced:
            tracemalloc.start(1)
        before = tracemalloc.get_traced_memory()[0] if traced else _rss()
        parked = [
            asyncio.ensure_future(_park(kind, model, number))
            if kind != "bare"
            else asyncio.create_task(_await(_park(kind, model, number)))
            for number in range(PARKED)
        ]
        await asyncio.sleep(250)
        gc.collect()
        after = tracemalloc.get_traced_memory()[0] if traced else _rss()
        if traced and os.environ.get("WHERE"):
            for line in tracemalloc.take_snapshot().statistics("lineno")[:45]:
                print(
                    f"{line.size / PARKED:8.0f} {line.count / PARKED:6.2f} {line.traceback}",
                    file=sys.stderr,
                )
        for one in parked:
            one.cancel()
        await asyncio.gather(*parked, return_exceptions=True)
        return (after - before) / PARKED


if __name__ == "__main__":
    kind, how = sys.argv[1:]
    print(json.dumps(virtual.run(_measure(kind, traced=how == "traced"))))
