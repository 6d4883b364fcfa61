"""A scripted Baseten: a transport for httpx that tells a story, second by second.

It is written from Baseten's documentation alone, and uses neither `aiobaseten.testing` nor anything
private of the library, so that it cannot share their mistakes. A story says what each environment
and deployment shows at which second, and what each write answers and starts:

    world = World()
    production = world.model().environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 60: shows("new")})
    async with client(world) as baseten:
        ...

Seconds of an environment or deployment count from the start of the story, those of a write from
the moment at which it acts.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections import Counter, deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, Literal, TypeAlias, TypeVar
from urllib.parse import unquote

import httpcore
import httpx
import pytest

from aiobaseten import Baseten, ChainEnvironmentHandle, ModelEnvironmentHandle
from aiobaseten.errors import BasetenError
from aiobaseten.events import Event
from aiobaseten.options import LoopClock

Json: TypeAlias = dict[str, Any]
Kind: TypeAlias = Literal["model", "chain"]
T = TypeVar("T")

#: In place of a value: the key is not there.
MISSING = object()
KINDS: tuple[Kind, Kind] = ("model", "chain")
#: Runs a test for models and for chains.
every_kind = pytest.mark.parametrize("kind", KINDS)
#: Seconds until an answer arrives, unless a reply says otherwise.
LATENCY_S = 0.05
#: Seconds until an environment shows a change of its settings.
SETTINGS_SHOWN_AFTER_S = 5.0
#: Requests per second that Baseten allows for one route.
PER_SECOND = 100


# --- what a story is written with ----------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """The state of an environment: ids of deployments, and the promotion."""

    current: str | None
    candidate: str | None
    promotion: str | None
    percent: int
    message: str | None


@dataclass(frozen=True)
class Parts:
    """The status of a chain's deployment and of its chainlets."""

    status: str
    chainlets: Mapping[str, str]


#: The status of a deployment. ``None`` is one that does not exist, or is not shown yet.
Status: TypeAlias = str | Parts | None


@dataclass(frozen=True)
class Reply:
    """An answer to a request.

    Attributes:
        status: The HTTP status.
        body: JSON, or text; ``None`` for the documented answer.
        after: Seconds until it arrives; a client whose read timeout is shorter gets none.
        acts: Whether the write is done.
        lost: Whether the connection is reset in place of the answer.
        refused: Whether no connection is made.
        answered_id: The id of the deployment in the answer to a promotion.
        changes: Other values for keys of the documented answer, or `MISSING`.
    """

    status: int = 200
    body: Any = None
    after: float = LATENCY_S
    acts: bool = True
    lost: bool = False
    refused: bool = False
    answered_id: str | None = None
    changes: Json = field(default_factory=dict)


def shows(
    current: str | None,
    candidate: str | None = None,
    promotion: str | None = None,
    percent: int = 0,
    message: str | None = None,
) -> Shown:
    """The state of an environment."""
    return Shown(current, candidate, promotion, percent, message)


def parts(status: str, **chainlets: str) -> Parts:
    """The status of a chain's deployment and of its chainlets."""
    return Parts(status, chainlets)


def ok(body: Any = None, *, after: float = LATENCY_S) -> Reply:
    """The write is done, and answered."""
    return Reply(body=body, after=after)


def made(deployment_id: str, **changes: Any) -> Reply:
    """The promotion begins, with this deployment, which Baseten may have made for it."""
    return Reply(answered_id=deployment_id, changes=changes)


def error(status: int, message: str = "Something is wrong", *, acts: bool = False) -> Reply:
    """An error in the documented form."""
    codes = {400: "VALIDATION_ERROR", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}
    body = {"code": codes.get(status, "INTERNAL_ERROR"), "message": message}
    return Reply(status=status, body=body, acts=acts)


def limited(seconds: int) -> Reply:
    """Too many requests, in the documented form."""
    message = "Rate limit exceeded. Please try again later."
    return Reply(status=429, body={"error": message, "retry_after": seconds}, acts=False)


def lost(*, acts: bool = True) -> Reply:
    """The connection is reset before the answer."""
    return Reply(acts=acts, lost=True)


def hangs(*, acts: bool = True) -> Reply:
    """No answer ever."""
    return Reply(after=1e9, acts=acts)


def unreachable() -> Reply:
    """No connection is made."""
    return Reply(acts=False, refused=True)


NOT_DONE = ok({"success": False})
NOTHING_TO_CANCEL = error(400, "Environment production has no in progress promotion.")
CANCELED = ok({"status": "CANCELED", "message": "The promotion was successfully canceled."})
RAMPING_DOWN = ok({"status": "RAMPING_DOWN", "message": "The promotion is being rolled back."})


# --- the resources of a story --------------------------------------------------------------------


class Scripted(Generic[T]):
    """Something that changes with time, and by writes."""

    def __init__(self, world: World, changes: Mapping[float, T]) -> None:
        self._world = world
        self._changes: list[tuple[float, T]] = []
        self._writes: dict[str, deque[tuple[Reply, Mapping[float, T] | None]]] = {}
        self._plan(0.0, changes)

    def on(
        self, verb: str, reply: Reply | None = None, then: Mapping[float, T] | None = None
    ) -> None:
        """Say how the next write is answered, and what it starts; the last one said is repeated."""
        self._mention(then or {})
        self._writes.setdefault(verb, deque()).append((reply or Reply(), then))

    def write(self, verb: str) -> Reply:
        """Answer a write, and start what it starts."""
        queue = self._writes.get(verb)
        if not queue:
            return error(400, f"this story does not allow {verb}")
        reply, then = queue.popleft() if len(queue) > 1 else queue[0]
        if reply.acts and then is not None:
            self._plan(self._world.now(), then)
        return reply

    def becomes(self, state: T) -> None:
        """Change now, as if by somebody else."""
        self._plan(self._world.now(), {0: state})

    def at(self, when: float) -> T:
        """The state at a second of the story."""
        state = self._changes[0][1]
        for since, later in self._changes:
            if since <= when:
                state = later
        return state

    def _plan(self, start: float, changes: Mapping[float, T]) -> None:
        self._mention(changes)
        kept = [change for change in self._changes if change[0] < start]
        self._changes = kept + [(start + after, changes[after]) for after in sorted(changes)]

    def _mention(self, changes: Mapping[float, T]) -> None:
        """Hear about states that are to come."""


class Deployment(Scripted[Status]):
    """A deployment of a model or chain."""

    def __init__(self, world: World, owner: Owner, deployment_id: str, order: int) -> None:
        super().__init__(world, {0: "ACTIVE"})
        self.owner = owner
        self.id = deployment_id
        self.created = datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=order)
        self.fields: Json = {}

    def json(self, when: float) -> Json | None:
        """The deployment as the API shows it, or ``None`` if it does not."""
        status = self.at(when)
        if status is None:
            return None
        if self.owner.kind == "chain":
            found = _chain_deployment(self, status)
        else:
            found = _model_deployment(self, status)
        return self.owner.alter_deployment(found | self.fields)


class Environment(Scripted[Shown]):
    """An environment of a model or chain."""

    def __init__(
        self, world: World, owner: Owner, name: str, changes: Mapping[float, Shown]
    ) -> None:
        self.owner = owner
        self.name = name
        self._takes: float | None = None
        self._settings: list[tuple[float, Json]] = []
        super().__init__(world, changes)

    def set(self, settings: Json) -> Reply:
        """Answer a change of settings, which is made after so many seconds."""
        self._settings.append((self._world.now() + SETTINGS_SHOWN_AFTER_S, settings))
        return ok({"status": "ACCEPTED", "message": "The change was accepted."})

    def takes(self, seconds: float) -> None:
        """Be a real environment: one promotion at a time, each live after so many seconds."""
        self._takes = seconds

    def promote(self, asked: str) -> Reply:
        """Answer a promotion."""
        if self._takes is None:
            reply = self.write("promote")
            return replace(reply, answered_id=reply.answered_id or asked)
        shown = self.at(self._world.now())
        if shown.candidate is not None:
            return error(400, f"Environment {self.name} has a promotion in progress.")
        running = replace(shown, candidate=asked, promotion="RELEASING")
        self._plan(self._world.now(), {0: running, self._takes: shows(asked)})
        return Reply(answered_id=asked)

    def json(self, when: float) -> Json:
        """The environment as the API shows it."""
        shown = self.at(when)
        found: Json = {
            "name": self.name,
            "created_at": "2026-01-01T12:00:00Z",
            f"{self.owner.kind}_id": self.owner.id,
            "current_deployment": self._deployment(shown.current, when),
            "candidate_deployment": self._deployment(shown.candidate, when),
            "promotion_settings": dict(_PROMOTION_SETTINGS),
        }
        if self.owner.kind == "chain":
            found["chainlet_settings"] = []
        else:
            found["autoscaling_settings"] = dict(_AUTOSCALING)
            found["instance_type"] = dict(_INSTANCE_TYPE)
            found["request_backpressure_settings"] = {"policy": "QUEUE_ON_FULL"}
        for since, settings in self._settings:
            if since <= when:
                found |= {key: (found.get(key) or {}) | one for key, one in settings.items()}
        if self.owner.shows_promotions:
            found["in_progress_promotion"] = _promotion(shown, self.owner.kind)
        return self.owner.alter_environment(found)

    def _deployment(self, deployment_id: str | None, when: float) -> Json | None:
        if deployment_id is None:
            return None
        return self.owner.deployment(deployment_id).json(when)

    def _mention(self, changes: Mapping[float, Shown]) -> None:
        for shown in changes.values():
            for one in (shown.current, shown.candidate):
                if one is not None:
                    self.owner.deployment(one)


class Owner:
    """A model or a chain.

    Attributes:
        shows_promotions: Whether its environments say how their promotion is. Older chains do not.
        alter_deployment: Changes the JSON of each deployment, wherever it is shown.
        alter_environment: Changes the JSON of each environment.
        audit_log: The entries of its audit log, newest first; ``None`` where it may not be read.
    """

    def __init__(self, world: World, kind: Kind, owner_id: str) -> None:
        self._world = world
        self.kind: Kind = kind
        self.id = owner_id
        self.deployments: dict[str, Deployment] = {}
        self.environments: dict[str, Environment] = {}
        self.shows_promotions = True
        self.alter_deployment: Callable[[Json], Json] = dict
        self.alter_environment: Callable[[Json], Json] = dict
        self.audit_log: list[Json] | None = None

    def deployment(
        self, deployment_id: str, statuses: Status | Mapping[float, Status] = "", **fields: Any
    ) -> Deployment:
        """A deployment; ACTIVE unless statuses are given. Those mentioned later are younger."""
        if deployment_id not in self.deployments:
            order = len(self.deployments)
            self.deployments[deployment_id] = Deployment(self._world, self, deployment_id, order)
        found = self.deployments[deployment_id]
        found.fields.update(fields)
        if statuses != "":
            changes = statuses if isinstance(statuses, Mapping) else {0.0: statuses}
            found._plan(0.0, changes)  # noqa: SLF001 - its own module
        return found

    def environment(
        self, changes: Mapping[float, Shown], *, name: str = "production"
    ) -> Environment:
        """An environment, and what it shows at which second."""
        self.environments[name] = Environment(self._world, self, name, changes)
        return self.environments[name]

    def promoted(self, *deployment_ids: str, environment: str = "production") -> None:
        """Let the audit log say that these were promoted, one after the other."""
        self.audit_log = [
            self._entry(index, one, environment) for index, one in enumerate(deployment_ids)
        ][::-1]

    def _entry(self, index: int, deployment_id: str, environment: str) -> Json:
        is_chain = self.kind == "chain"
        event = "CHAIN_DEPLOYMENT_PROMOTED" if is_chain else "MODEL_DEPLOYMENT_PROMOTED"
        prefix = "chain_" if is_chain else ""
        return {
            "id": f"a{index}",
            "created": f"2026-09-{index + 1:02}T10:00:00Z",
            "event_type": event,
            "event_data": {
                "event_type": event,
                f"{self.kind}_id": self.id,
                f"{self.kind}_name": self.id,
                f"{prefix}deployment_id": deployment_id,
                f"{prefix}deployment_name": deployment_id,
                "environment_name": environment,
                "environment_id": None,
            },
            "source": "API",
            "actor": {"type": "USER", "email": "ops@example.com"},
        }


# --- the JSON, as documented ---------------------------------------------------------------------

_AUTOSCALING = {
    "min_replica": 0,
    "max_replica": 1,
    "autoscaling_window": 60,
    "scale_down_delay": 900,
    "concurrency_target": 1,
    "target_utilization_percentage": 70,
}
_PROMOTION_SETTINGS = {
    "redeploy_on_promotion": False,
    "rolling_deploy": True,
    "promotion_cleanup_strategy": "SCALE_TO_ZERO",
    "rolling_deploy_config": None,
    "ramp_up_while_promoting": False,
    "ramp_up_duration_seconds": 600,
}
_INSTANCE_TYPE = {
    "id": "1x2",
    "name": "1x2",
    "memory_limit_mib": 2048,
    "millicpu_limit": 1000,
    "gpu_count": 0,
    "gpu_type": None,
    "gpu_memory_limit_mib": None,
}


def _is_deployed(status: str) -> bool:
    return status not in {"BUILDING", "DEPLOYING", "BUILD_FAILED", "BUILD_STOPPED"}


def _model_deployment(deployment: Deployment, status: Status) -> Json:
    assert isinstance(status, str), "a model has no chainlets"
    return {
        "id": deployment.id,
        "created_at": f"{deployment.created:%Y-%m-%dT%H:%M:%SZ}",
        "name": deployment.id,
        "model_id": deployment.owner.id,
        "is_production": False,
        "is_development": False,
        "status": status,
        "active_replica_count": int(status == "ACTIVE"),
        "autoscaling_settings": dict(_AUTOSCALING) if _is_deployed(status) else None,
        "instance_type_name": "1x2",
        "environment": None,
        "labels": {},
        "request_backpressure_settings": {"policy": "QUEUE_ON_FULL"},
    }


def _chain_deployment(deployment: Deployment, status: Status) -> Json:
    if isinstance(status, str):
        status = Parts(status, {"Entry": status, "Worker": status})
    assert status is not None
    return {
        "id": deployment.id,
        "created_at": f"{deployment.created:%Y-%m-%dT%H:%M:%SZ}",
        "chain_id": deployment.owner.id,
        "environment": None,
        "chainlets": [
            {
                "id": f"{deployment.id}-{name.lower()}",
                "name": name,
                "autoscaling_settings": dict(_AUTOSCALING) if _is_deployed(each) else None,
                "instance_type_name": "1x2",
                "active_replica_count": int(each == "ACTIVE"),
                "status": each,
            }
            for name, each in status.chainlets.items()
        ],
        "status": status.status,
    }


def _promotion(shown: Shown, kind: Kind) -> Json | None:
    if shown.promotion is None:
        return None
    return {
        "status": shown.promotion,
        "percent_traffic_to_new_version": shown.percent,
        "error_message": shown.message,
        "rolling_deploy": kind == "model",
    }


def _success(verb: str) -> Json:
    """The documented body of a write that is done."""
    if verb == "cancel_promotion":
        return dict(CANCELED.body)
    return {"success": True}


# --- the server ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sent:
    """A request as it arrived."""

    at: float
    method: str
    host: str
    path: str
    body: Any


@dataclass
class Trouble:
    """What happens to some requests in place of their answer."""

    reply: Reply
    route: str
    method: str
    since: float
    until: float
    times: float


@dataclass(eq=False)
class World(httpx.AsyncBaseTransport):
    """Baseten, as the story has it. Made in a running event loop, whose time it takes.

    Attributes:
        lags: Seconds by which the replicas lag behind; each read goes to the next replica.
        delays: Seconds from which on each answer takes so many seconds.
        requests: Every request that arrived.
    """

    lags: tuple[float, ...] = (0.0,)
    delays: Mapping[float, float] = field(default_factory=dict)
    requests: list[Sent] = field(default_factory=list)
    owners: dict[tuple[Kind, str], Owner] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    _start: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    _reads: int = 0
    _recent: dict[str, deque[float]] = field(default_factory=dict)

    def model(self, model_id: str = "m1") -> Owner:
        """A model."""
        return self.owner("model", model_id)

    def chain(self, chain_id: str = "c1") -> Owner:
        """A chain."""
        return self.owner("chain", chain_id)

    def owner(self, kind: Kind, owner_id: str | None = None) -> Owner:
        """A model or a chain."""
        key = (kind, owner_id or {"model": "m1", "chain": "c1"}[kind])
        return self.owners.setdefault(key, Owner(self, *key))

    def trouble(
        self,
        reply: Reply,
        route: str = "",
        *,
        method: str = "GET",
        since: float = 0.0,
        until: float = float("inf"),
        times: float = float("inf"),
    ) -> None:
        """Answer requests so whose path contains *route*, in some seconds or some times."""
        self.troubles.append(Trouble(reply, route, method, since, until, times))

    def now(self) -> float:
        """Seconds since the story began."""
        return asyncio.get_running_loop().time() - self._start

    async def until(self, second: float) -> None:
        """Let time pass until a second of the story."""
        await asyncio.sleep(max(second - self.now(), 0.0))

    def writes(self, verb: str = "") -> list[Sent]:
        """The writes that arrived, of one verb or of all."""
        end = f"/{verb}" if verb else ""
        return [one for one in self.requests if one.method == "POST" and one.path.endswith(end)]

    def looks(self, route: str = "", *, since: float = 0.0) -> list[Sent]:
        """The reads that arrived."""
        return [
            one
            for one in self.requests
            if one.method == "GET" and route in one.path and one.at >= since
        ]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Record the request, and answer it as the story says."""
        content = await request.aread()
        path = unquote(request.url.path)
        body = json.loads(content) if content else None
        sent = Sent(self.now(), request.method, request.url.host, path, body)
        self.requests.append(sent)
        reply = self._in_the_way(sent) or self._answer(sent)
        for since in sorted(self.delays):
            if since <= sent.at:
                reply = replace(reply, after=max(self.delays[since], reply.after))
        return await _delivered(request, reply)

    def _in_the_way(self, sent: Sent) -> Reply | None:
        """The reply of a rate limit, or of trouble."""
        now = sent.at
        # Ids are no part of a route.
        words = sent.path.split("/")
        route = " ".join([sent.method, *words[2:3], *words[4:5], "id" * len(words[5:]), *words[6:]])
        recent = self._recent.setdefault(route, deque())
        while recent and recent[0] <= now - 1.0:
            recent.popleft()
        if len(recent) >= PER_SECOND:
            return limited(1)
        recent.append(now)
        for trouble in self.troubles:
            if (
                trouble.method == sent.method
                and trouble.route in sent.path
                and trouble.since <= now < trouble.until
                and trouble.times > 0
            ):
                trouble.times -= 1
                if trouble.reply.acts and sent.method == "POST":
                    self._answer(sent)
                return trouble.reply
        return None

    def _answer(self, sent: Sent) -> Reply:
        if wake := re.fullmatch(r"/deployment/([^/]+)/wake", sent.path):
            return self._wake(sent.host.removeprefix("model-").partition(".")[0], wake[1])
        known = re.fullmatch(r"/v1/(model|chain)s/([^/]+)/(\w+)(?:/([^/]+))?(?:/(.+))?", sent.path)
        if known is None:
            return _NOT_FOUND
        kind, owner_id, what, name, verb = known.groups()
        owner = self.owners.get((kind, owner_id))  # type: ignore[arg-type] # the pattern says so
        if owner is None:
            return _NOT_FOUND
        if (verb or "").endswith("logs"):
            return ok({"logs": []})
        if sent.method == "GET":
            lag = self.lags[self._reads % len(self.lags)]
            self._reads += 1
            return _read(owner, what, name, self.now() - lag)
        if what == "environments":
            return self._write_environment(owner, name, verb, sent.body)
        return self._write_deployment(owner, name, verb)

    def _write_environment(
        self, owner: Owner, name: str | None, verb: str | None, body: Any
    ) -> Reply:
        if name is None:
            made = owner.environment({0: shows(None)}, name=body["name"])
            return ok(made.json(self.now()))
        environment = owner.environments.get(name)
        if environment is None:
            return _NOT_FOUND
        if verb is None:
            return environment.set(body)
        if verb != "promote":
            return _with_body(environment.write(verb), _success(verb))
        asked = body["deployment_id"]
        reply = environment.promote(asked)
        answered = owner.deployment(reply.answered_id or asked)
        return _with_body(reply, answered.json(self.now()))

    def _write_deployment(self, owner: Owner, deployment_id: str, verb: str) -> Reply:
        deployment = owner.deployments.get(deployment_id)
        if deployment is None:
            return _NOT_FOUND
        before = deployment.json(self.now())
        reply = deployment.write(verb)
        if verb == "retry":
            return _with_body(reply, {"retried": True, "reason": None, "deployment": before})
        return _with_body(reply, _success(verb))

    def _wake(self, model_id: str, deployment_id: str) -> Reply:
        owner = self.owners.get(("model", model_id))
        if owner is None or deployment_id not in owner.deployments:
            return _NOT_FOUND
        reply = owner.deployments[deployment_id].write("wake")
        return replace(reply, status=202) if reply.status == 200 else reply


_NOT_FOUND = error(404, "No Oracle matches the given query.")


def _with_body(reply: Reply, body: Any) -> Reply:
    if reply.body is not None:
        return reply
    return replace(reply, body=changed(body, reply.changes) if reply.changes else body)


def changed(body: Json, changes: Json) -> Json:
    """JSON with other values for some keys, or without them."""
    return {key: value for key, value in (body | changes).items() if value is not MISSING}


def _read(owner: Owner, what: str, name: str | None, when: float) -> Reply:
    found: Json | None = None
    if what == "audit_logs" and owner.audit_log is not None:
        found = {"items": owner.audit_log, "pagination": {"has_more": False, "cursor": None}}
    elif what == "audit_logs":
        return error(403, "Authorization error")
    elif name is None:
        listed: Iterable[Environment | Deployment]
        listed = (owner.environments if what == "environments" else owner.deployments).values()
        found = {what: [one.json(when) for one in listed if one.json(when) is not None]}
    elif what == "environments" and name in owner.environments:
        found = owner.environments[name].json(when)
    elif what == "deployments" and name in owner.deployments:
        found = owner.deployments[name].json(when)
    return _NOT_FOUND if found is None else ok(found)


async def _delivered(request: httpx.Request, reply: Reply) -> httpx.Response:
    if reply.refused:
        raise httpx.ConnectError("connection refused", request=request) from httpcore.ConnectError()
    patience = request.extensions["timeout"].get("read") or float("inf")
    await asyncio.sleep(min(reply.after, patience))
    if reply.after > patience:
        raise httpx.ReadTimeout("timed out", request=request)
    if reply.lost:
        raise httpx.ReadError("connection reset by peer", request=request)
    if isinstance(reply.body, str):
        return httpx.Response(reply.status, html=reply.body, request=request)
    return httpx.Response(reply.status, json=reply.body, request=request)


@asynccontextmanager
async def client(world: World, **options: Any) -> AsyncIterator[Baseten]:
    """A client of the library whose requests all go to the story."""
    settings = {"clock": LoopClock(random.Random(7)), **options}
    async with (
        httpx.AsyncClient(transport=world) as http,
        Baseten(
            api_key="test-key",
            base_url="https://api.baseten.co",
            http_client=http,
            **settings,
        ) as baseten,
    ):
        yield baseten


def environment_of(baseten: Baseten, kind: Kind) -> ModelEnvironmentHandle | ChainEnvironmentHandle:
    """The handle of the production of m1 or c1."""
    if kind == "chain":
        return baseten.chain("c1").environment("production")
    return baseten.model("m1").environment("production")


async def heard(
    events: AsyncGenerator[Event, None],
) -> tuple[list[Event], BasetenError | None]:
    """The events of a wait, and the error with which it ended."""
    seen: list[Event] = []
    try:
        async for event in events:
            seen.append(event)  # noqa: PERF401 - those before the error count, too
    except BasetenError as end:
        return seen, end
    return seen, None


def most_in_a_second(requests: Iterable[Sent]) -> int:
    """The largest number of requests in any one second."""
    times = sorted(one.at for one in requests)
    most = Counter[float]()
    for index, start in enumerate(times):
        most[start] = sum(1 for one in times[index : index + 10 * PER_SECOND] if one < start + 1.0)
    return max(most.values(), default=0)
