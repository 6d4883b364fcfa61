"""The main job, to watch: a chain is promoted until it is live, and a model promotion cancelled.

Without arguments it runs against a fake Baseten on a loopback port, with its time compressed.
With a key in BASETEN_API_KEY and ids, the same code runs against Baseten itself, and then it
really promotes:

    python scripts/demo.py --chain CHAIN --chain-deployment DEPLOYMENT \
        --model MODEL --model-deployment DEPLOYMENT [--environment NAME]
"""

from __future__ import annotations

import argparse
import asyncio
import sys

from aiobaseten import Baseten, ModelPromotion
from aiobaseten.errors import BasetenError
from aiobaseten.events import Finished, TrafficShifted
from aiobaseten.testing import CompressedClock, FakeBaseten

#: Seconds of the fake's time in one second of ours.
SPEED = 40.0
TIMEOUT_S = 3600.0


async def promote_chain(baseten: Baseten, chain: str, deployment: str, environment: str) -> None:
    """Promote a chain and wait until it serves, telling what happens."""
    print(f"Promoting deployment {deployment} of chain {chain} to {environment}:")
    promotion = await baseten.chain(chain).environment(environment).promote(deployment)
    async for event in promotion.events(timeout=TIMEOUT_S):
        print(event)
        if isinstance(event, Finished) and event.error is None:
            chainlets = ", ".join(chainlet.name for chainlet in event.result.chainlets)
            print(f"Live: {promotion.deployment_id} serves {environment}, with {chainlets}.\n")


async def cancel_model(baseten: Baseten, model: str, deployment: str, environment: str) -> None:
    """Promote a model, cancel while traffic moves, and wait until it is back."""
    print(f"Promoting deployment {deployment} of model {model} to {environment}, step by step:")
    promotion = await baseten.model(model).environment(environment).promote(deployment)
    await until_traffic_moves(promotion)
    cancellation = await promotion.cancel()
    print(f"Cancelled: Baseten says {cancellation.status}: {cancellation.message}")
    async for event in cancellation.events(timeout=TIMEOUT_S):
        print(event)
        if isinstance(event, Finished) and event.error is None:
            serving = event.result.current_deployment
            print(f"Back: {serving.id if serving else 'nothing'} serves {environment} again.")


async def until_traffic_moves(promotion: ModelPromotion) -> None:
    """Follow a promotion until the new deployment gets traffic."""
    async for event in promotion.events(timeout=TIMEOUT_S):
        print(event)
        if isinstance(event, TrafficShifted) and event.percent > 0:
            return


def furnished() -> FakeBaseten:
    """A fake Baseten with a chain and a model that are about to be promoted."""
    fake = FakeBaseten(speed=SPEED)
    chain = fake.chain("support-bot")
    chain.deployment("v1", status="ACTIVE")
    chain.deployment(
        "v2",
        chainlets={
            "Transcribe": [("BUILDING", 40), ("DEPLOYING", 15), ("LOADING_MODEL", 20), "ACTIVE"],
            # Asleep before it has ever served: where other tools call it failed, or live.
            "Answer": [
                ("BUILDING", 40),
                ("DEPLOYING", 15),
                ("SCALED_TO_ZERO", 11),
                ("WAKING_UP", 20),
                ("LOADING_MODEL", 120),
                "ACTIVE",
            ],
        },
    )
    chain.environment("production", current="v1")
    model = fake.model("ranker")
    model.deployment("m1", status="ACTIVE")
    model.deployment("m2", timeline=[("DEPLOYING", 15), ("LOADING_MODEL", 25), "ACTIVE"])
    model.environment("production", current="m1", rolling=True)
    return fake


async def against_the_fake() -> None:
    """The demo, without Baseten."""
    fake = furnished()
    async with fake.serve() as url:
        print(f"A fake Baseten listens on {url}; its time runs {SPEED:g} times as fast as ours.\n")
        async with Baseten(
            api_key=fake.api_key, base_url=url, clock=CompressedClock(SPEED)
        ) as baseten:
            await promote_chain(baseten, "support-bot", "v2", "production")
            await cancel_model(baseten, "ranker", "m2", "production")


async def against_baseten(ids: argparse.Namespace) -> None:
    """The demo, for real."""
    async with Baseten() as baseten:
        if ids.chain:
            await promote_chain(baseten, ids.chain, ids.chain_deployment, ids.environment)
        if ids.model:
            await cancel_model(baseten, ids.model, ids.model_deployment, ids.environment)


def main() -> int:
    """Run the demo; the exit status is 1 if Baseten, or what it was asked, went wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    for option in ("--chain", "--chain-deployment", "--model", "--model-deployment"):
        parser.add_argument(option, metavar="ID")
    parser.add_argument("--environment", metavar="NAME", default="production")
    ids = parser.parse_args()
    for kind in ("chain", "model"):
        if bool(getattr(ids, kind)) != bool(getattr(ids, f"{kind}_deployment")):
            parser.error(f"--{kind} and --{kind}-deployment go together")
    try:
        asyncio.run(against_baseten(ids) if ids.chain or ids.model else against_the_fake())
    except BasetenError as error:
        print(f"\n{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
