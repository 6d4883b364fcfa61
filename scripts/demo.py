"""Demo: promote a chain until it is live, cancel a promotion, and let a guard take one back.

Without arguments, it runs against a fake Baseten on a loopback port, in compressed time. With a key
in BASETEN_API_KEY and ids as arguments, it runs against Baseten itself, and really promotes:

    python scripts/demo.py --chain CHAIN --chain-deployment DEPLOYMENT \
        --model MODEL --model-deployment DEPLOYMENT [--environment NAME]
"""

from __future__ import annotations

import argparse
import asyncio
import sys

from aiobaseten import Baseten, Guard, ModelPromotion, error_rate, latency
from aiobaseten.errors import BasetenError, GuardBreachedError
from aiobaseten.events import Finished, TrafficShifted
from aiobaseten.testing import Behaviour, CompressedClock, FakeBaseten

#: Seconds of the fake's time per second of real time.
SPEED = 40.0
TIMEOUT_S = 3600.0


async def promote_chain(baseten: Baseten, chain: str, deployment: str, environment: str) -> None:
    """Promote a chain, print the events, and wait until it serves."""
    print(f"Promoting deployment {deployment} of chain {chain} to {environment}:")
    promotion = await baseten.chain(chain).environment(environment).promote(deployment)
    async for event in promotion.events(timeout=TIMEOUT_S):
        print(event)
        if isinstance(event, Finished) and event.error is None:
            chainlets = ", ".join(chainlet.name for chainlet in event.result.chainlets)
            print(f"Live: {promotion.deployment_id} serves {environment}, with {chainlets}.\n")


async def cancel_model(baseten: Baseten, model: str, deployment: str, environment: str) -> None:
    """Promote a model, cancel while traffic moves, and wait until traffic is back."""
    print(f"Promoting deployment {deployment} of model {model} to {environment}, step by step:")
    promotion = await baseten.model(model).environment(environment).promote(deployment)
    await until_traffic_moves(promotion)
    cancellation = await promotion.cancel()
    print(f"Cancelled: Baseten says {cancellation.status}: {cancellation.message}")
    async for event in cancellation.events(timeout=TIMEOUT_S):
        print(event)
        if isinstance(event, Finished) and event.error is None:
            serving = event.result.current_deployment
            print(f"Back: {serving.id if serving else 'nothing'} serves {environment} again.\n")


async def guard_model(baseten: Baseten, model: str, deployment: str, environment: str) -> None:
    """Promote a model under a guard, which takes it back when it is worse."""
    print(f"Promoting deployment {deployment} of model {model} to {environment}, under a guard:")
    # Against Baseten the defaults are better: its metrics come minutes later than here.
    guard = Guard(
        error_rate(at_most=0.02),
        latency("p95", at_most=1.5, worse_by_at_most=0.2),
        window=40,
        lag=10,
        warmup=5,
        on_breach="force_cancel",
    )
    production = baseten.model(model).environment(environment)
    promotion = await production.promote(deployment, guard=guard)
    try:
        async for event in promotion.events(timeout=TIMEOUT_S):
            if not isinstance(event, Finished):
                print(event)
    except GuardBreachedError as breached:
        for verdict in breached.report.breached:
            print(f"Breached: {verdict}, in {verdict.requests:.0f} requests.")
        print(f"Taken back: {breached.report.traffic}")


async def until_traffic_moves(promotion: ModelPromotion) -> None:
    """Follow a promotion until the candidate gets traffic."""
    async for event in promotion.events(timeout=TIMEOUT_S):
        print(event)
        if isinstance(event, TrafficShifted) and event.percent > 0:
            return


def furnished() -> FakeBaseten:
    """A fake Baseten with a chain and a model, ready to be promoted."""
    fake = FakeBaseten(speed=SPEED, behaviour=Behaviour(metrics_lag=5.0))
    chain = fake.chain("support-bot")
    chain.deployment("v1", status="ACTIVE")
    chain.deployment(
        "v2",
        chainlets={
            "Transcribe": [("BUILDING", 40), ("DEPLOYING", 15), ("LOADING_MODEL", 20), "ACTIVE"],
            # Scaled to zero before it has ever served: other tools report failed or live here.
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
    model.deployment("m1", status="ACTIVE", replicas=8)
    model.deployment("m2", timeline=[("DEPLOYING", 15), ("LOADING_MODEL", 25), "ACTIVE"])
    # Every health check passes, and from a quarter of the traffic on it fails requests.
    model.deployment("m3").answers(error_share=0.08, latency={"p95": 0.4}, from_percent=25)
    production = model.environment(
        "production", current="m1", rolling=True, autoscaling={"max_replica": 8}
    )
    production.receives(requests_per_second=40)
    return fake


async def against_the_fake() -> None:
    """Run the demo against the fake."""
    fake = furnished()
    async with fake.serve() as url:
        print(
            f"A fake Baseten listens on {url}. Its time is {SPEED:g} times as fast as real time.\n"
        )
        async with Baseten(
            api_key=fake.api_key, base_url=url, clock=CompressedClock(SPEED)
        ) as baseten:
            await promote_chain(baseten, "support-bot", "v2", "production")
            await cancel_model(baseten, "ranker", "m2", "production")
            await guard_model(baseten, "ranker", "m3", "production")


async def against_baseten(ids: argparse.Namespace) -> None:
    """Run the demo against Baseten itself."""
    async with Baseten() as baseten:
        if ids.chain:
            await promote_chain(baseten, ids.chain, ids.chain_deployment, ids.environment)
        if ids.model:
            await cancel_model(baseten, ids.model, ids.model_deployment, ids.environment)


def main() -> int:
    """Run the demo. Returns exit status 1 after a `BasetenError`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    for option in ("--chain", "--chain-deployment", "--model", "--model-deployment"):
        parser.add_argument(option, metavar="ID")
    parser.add_argument("--environment", metavar="NAME", default="production")
    ids = parser.parse_args()
    for kind in ("chain", "model"):
        if bool(getattr(ids, kind)) != bool(getattr(ids, f"{kind}_deployment")):
            parser.error(f"use --{kind} and --{kind}-deployment together")
    try:
        asyncio.run(against_baseten(ids) if ids.chain or ids.model else against_the_fake())
    except BasetenError as error:
        print(f"\n{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
