"""The client: connects the wings, and owns the connections."""

from __future__ import annotations

import math
import os
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    NoReturn,
    Self,
    TypeVar,
    Unpack,
    get_args,
    overload,
)

import httpx

from . import _arguments, _waiting
from ._arguments import Duration, choice, count, path_argument, seconds, text
from ._clock import Clock, CompressedClock, LoopClock
from ._first_use import on_first_use
from ._sending import (
    Connect,
    Connections,
    HttpClients,
    Operation,
    Secret,
    Sender,
    Settings,
    Shared,
    check_transport,
    checked,
    closed,
    own_clients,
)
from ._waiting import default_schedule
from .errors import ConfigurationError
from .options import DEFAULT_POLLING_RATE, AuthScheme, RetryPolicy, Schedule, Transport

if TYPE_CHECKING:
    from . import _finding, _guarding, _operations, _promoting, _resource, chains, models, promotion

    # The package exports its class, so pyright takes the module for a private name.
    from . import _token as tokens  # pyright: ignore[reportPrivateUsage]
    from . import guard as guards
    from ._operations import D, E, Operations
    from ._resource import Resource
    from ._token import Token
    from ._waiting import Baseline, GuardMemory, PauseBefore
    from .audit import AuditEntries, AuditOptions
    from .chains import ChainHandle, ChainPromotion
    from .guard import Guard
    from .models import ModelHandle, ModelPromotion
    from .promotion import Cancellation
    from .schemas import Chain, Model, User
else:
    _finding = on_first_use("._finding")
    _guarding = on_first_use("._guarding")
    _promoting = on_first_use("._promoting")
    _operations = on_first_use("._operations")
    _resource = on_first_use("._resource")
    tokens = on_first_use("._token")
    chains = on_first_use(".chains")
    models = on_first_use(".models")
    promotion = on_first_use(".promotion")
    guards = on_first_use(".guard")

T = TypeVar("T")
P = TypeVar("P", bound="ChainPromotion | ModelPromotion | Cancellation")

DEFAULT_BASE_URL = "https://api.baseten.co"
MAX_BODY = 32 * 1024 * 1024
# Of a faster clock, the time of day would soon leave the calendar.
_FASTEST = 100_000


class Baseten:
    """A client of Baseten's management API, for promoting and for waiting until it is live.

    Use it as ``async with Baseten() as baseten:``. It belongs to the event loop that enters it.
    Making handles does no I/O.
    """

    def __init__(
        self,
        *,
        api_key: str | None = None,
        base_url: str | httpx.URL | None = None,
        inference_url: str | httpx.URL | None = None,
        auth_scheme: AuthScheme = "Api-Key",
        connect_timeout: Duration = 10.0,
        read_timeout: Duration = 30.0,
        write_timeout: Duration = 30.0,
        pool_timeout: Duration = 10.0,
        answer_timeout: Duration = 60.0,
        retry: RetryPolicy | None = None,
        polling_rate: float = DEFAULT_POLLING_RATE,
        poll: Schedule = default_schedule,
        max_connections: int = 20,
        transport: Transport = "httpx",
        http_client: httpx.AsyncClient | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Check the settings. No I/O.

        Args:
            api_key: The key (default: ``BASETEN_API_KEY`` from the environment).
            base_url: The address of the management API (default: ``BASETEN_BASE_URL`` from the
                environment, or ``https://api.baseten.co``). Plain http is for loopback only. An
                empty one is an error: it is a mistake, and the key must not go elsewhere.
            inference_url: The address of models, with ``{model_id}`` in it, for waking them
                (default: derived from *base_url*).
            auth_scheme: The word before the key in the Authorization header. Baseten's pages use
                ``Api-Key``; OAuth access tokens need ``Bearer``.
            connect_timeout: Seconds or a `timedelta` to make a connection.
            read_timeout: Seconds or a `timedelta` without a byte of the response.
            write_timeout: Seconds or a `timedelta` without a byte of the request being accepted.
            pool_timeout: Seconds or a `timedelta` for the HTTP client to provide a connection.
            answer_timeout: Seconds or a `timedelta` for one whole request, including the body of
                its response.
            retry: How a call is repeated when its failure may pass (default: `RetryPolicy`).
            polling_rate: Looks per second, of all waits of this client together.
            poll: When waits look again, instead of our own schedule: a function that takes a
                `Stage`, the seconds since the status last changed and the seconds since the wait
                began, and returns seconds above 0. Looks come up to 10 % earlier, and
                *polling_rate* still holds.
            max_connections: Requests that may be under way at the same time; further ones queue.
                One route alone, or all looks together, may take three quarters of them.
            transport: The library that sends. ``"aiohttp"`` needs half of the CPU time of
                ``"httpx"``, and the extra ``aiobaseten[aiohttp]``. A write is proved to be sent or
                not as with ``"httpx"``. It cannot use SOCKS proxies, and needs another
                instrumentation for traces of requests.
            http_client: An HTTP client to use instead of our own, with its proxies, certificates
                and hooks. It stays open when this client is closed. Its timeouts, authentication,
                default headers and redirects are not used. It must allow *max_connections*. Its
                transport must not follow redirects: it would send a write and the key again.
                Clients of httpx2 are refused: their exceptions do not prove whether a request was
                sent.
            clock: Time and randomness (default: the event loop's). With a base URL on this
                machine, where only a fake can be, ``AIOBASETEN_CLOCK_SPEED`` in the environment
                stands for `CompressedClock`.

        Raises:
            ConfigurationError: There is no key, or a setting is wrong.
        """
        scheme = choice("auth_scheme", auth_scheme, get_args(AuthScheme))
        key = os.environ.get("BASETEN_API_KEY") if api_key is None else api_key
        secret = Secret(scheme, _arguments.api_key(key))
        base = _base_url(base_url)
        inference = _arguments.inference_url(inference_url, base)
        _check_host("inference_url", inference.replace("{model_id}", "model"))
        connections = count("max_connections", max_connections)
        settings = Settings(
            base_url=base,
            inference_url=inference,
            secret=secret,
            timeouts={
                "connect": seconds("connect_timeout", connect_timeout),
                "read": seconds("read_timeout", read_timeout),
                "write": seconds("write_timeout", write_timeout),
                "pool": seconds("pool_timeout", pool_timeout),
                "answer": seconds("answer_timeout", answer_timeout),
            },
            retry=RetryPolicy() if retry is None else _retry(retry),
        )
        self._connections = Connections(
            _arguments.clock(clock, partial(_default_clock, base)),
            _connector(http_client, settings, connections, transport),
            secret,
            closes=http_client is None,
            max_connections=connections,
            max_body=MAX_BODY,
        )
        self._sender = Sender(settings, self._connections, Shared())
        self._polls = _waiting.Polls(
            self._sender,
            _arguments.rate("polling_rate", polling_rate),
            _arguments.function("poll", poll, "seconds"),
        )
        self._retries: dict[tuple[str, str], float] = {}
        self._is_view = False

    def with_options(
        self,
        *,
        connect_timeout: Duration | None = None,
        read_timeout: Duration | None = None,
        write_timeout: Duration | None = None,
        pool_timeout: Duration | None = None,
        answer_timeout: Duration | None = None,
        retry: RetryPolicy | None = None,
    ) -> Self:
        """A view of this client with other settings, over the same connections and limits. No I/O.

        Settings that are ``None`` stay the same. A view is neither entered nor closed: only the
        client that it came from is.

        The time limits hold for the looks of waits, too. Waits share their looks only with waits
        that have the same time limits. *retry* is for calls: looks are not repeated.

        Args:
            connect_timeout: As for `Baseten`.
            read_timeout: As for `Baseten`.
            write_timeout: As for `Baseten`.
            pool_timeout: As for `Baseten`.
            answer_timeout: As for `Baseten`.
            retry: As for `Baseten`.

        Raises:
            ConfigurationError: A setting is wrong.
        """
        changed = {
            "connect": connect_timeout,
            "read": read_timeout,
            "write": write_timeout,
            "pool": pool_timeout,
            "answer": answer_timeout,
        }
        timeouts = dict(self._sender.settings.timeouts)
        for name, value in changed.items():
            if value is not None:
                timeouts[name] = seconds(f"{name}_timeout", value)
        view = object.__new__(type(self))
        view.__dict__.update(vars(self))
        view._is_view = True
        settings = self._sender.settings
        view._sender = self._sender.with_settings(
            timeouts=timeouts, retry=settings.retry if retry is None else _retry(retry)
        )
        return view

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a client cannot be pickled, because the API key cannot be pickled: make one in each "
            "process"
        )

    def __repr__(self) -> str:
        if "_sender" not in vars(self):  # a setting was refused
            return "<Baseten>"
        return f"<Baseten at {self._sender.settings.base_url}>"

    @property
    def clock(self) -> Clock:
        """The clock of this client."""
        return self._sender.clock

    async def __aenter__(self) -> Self:
        """Bind to the running event loop, and read proxies and certificates from the environment.

        Raises:
            ConfigurationError: It was entered before, or comes from `with_options`; or a variable
                of the environment names a proxy or file that cannot be used.
        """
        if self._is_view:
            raise ConfigurationError("enter the client that this one was made from")
        await self._connections.open()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close: see `aclose`."""
        await self.aclose()

    async def aclose(self) -> None:
        """End all requests and waits, and close the connections.

        Safe to call twice, also at the same time: both calls return when the client is closed.

        Requests and waits under way end with a `ConfigurationError`; promotions that they started
        go on at Baseten. With an HTTP client of the caller's, requests under way get some seconds
        to finish, so that their connections survive.

        Cancelling this coroutine cuts them off at once; the client is closed nevertheless.

        Raises:
            ConfigurationError: This client comes from `with_options`, or belongs to another event
                loop. It stays open.
        """
        if self._is_view:
            raise ConfigurationError("close the client that this one was made from")
        self._connections.check_loop()
        self._polls.close(closed())
        await self._connections.aclose()

    def chain(self, chain_id: str) -> ChainHandle:
        """A chain, by its id. No I/O.

        Raises:
            ConfigurationError: *chain_id* cannot be an id.
        """
        return chains.ChainHandle(self._resource(_operations.CHAIN, chain_id))

    def model(self, model_id: str) -> ModelHandle:
        """A model, by its id. No I/O.

        Raises:
            ConfigurationError: *model_id* cannot be an id.
        """
        return models.ModelHandle(self._resource(_operations.MODEL, model_id))

    async def chains(self) -> list[Chain]:
        """All chains that the key may see, of every team. Cancelling this changes nothing.

        Raises:
            BasetenError: The request failed; see `aiobaseten.errors`.
        """
        return await self._sender.send(_operations.list_all_chains())

    async def models(self) -> list[Model]:
        """All models that the key may see, of every team. Cancelling this changes nothing.

        Raises:
            BasetenError: The request failed; see `aiobaseten.errors`.
        """
        return await self._sender.send(_operations.list_all_models())

    async def find_chain(self, name: str, *, team: str | None = None) -> ChainHandle:
        """The chain with exactly this name. Cancelling this changes nothing at Baseten.

        Args:
            name: The name.
            team: The name of the team that it belongs to. Names are unique only within a team.

        Raises:
            NameNotFoundError: There is none; the message has similar names.
            AmbiguousNameError: There are several. None is chosen.
            ConfigurationError: An argument is not a name.
            BasetenError: The request failed; see `aiobaseten.errors`.
        """
        _check_names(name, team)
        listed = await self.chains()
        found = _finding.one_named("chain", name, listed, team=team)
        if found is None:
            raise _finding.not_found("chain", name, listed, team=team)
        return self.chain(found.id)

    async def find_model(self, name: str, *, team: str | None = None) -> ModelHandle:
        """The model with exactly this name. Cancelling this changes nothing at Baseten.

        Args:
            name: The name.
            team: The name of the team that it belongs to. Names are unique only within a team.

        Raises:
            NameNotFoundError: There is none; the message has similar names.
            AmbiguousNameError: There are several. None is chosen.
            ConfigurationError: An argument is not a name.
            BasetenError: The request failed; see `aiobaseten.errors`.
        """
        _check_names(name, team)
        listed = await self._sender.send(_operations.list_all_models(name))
        found = _finding.one_named("model", name, listed, team=team)
        if found is None:
            raise _finding.not_found("model", name, await self.models(), team=team)
        return self.model(found.id)

    async def identify_chain(self, word: str, *, team: str | None = None) -> ChainHandle:
        """The chain whose name or id a user gave.

        An id with ``id:`` before it, as in ``id:abcd1234``, sends nothing. Any other word costs one
        request: the list of all chains, so that an id that is the name of another chain is noticed.
        Cancelling this changes nothing at Baseten.

        Args:
            word: The name, the id, or the id with ``id:`` before it.
            team: The name of the team that it belongs to, because names are unique only within a
                team. An id with ``id:`` before it needs no team, and is refused with one.

        Raises:
            NameNotFoundError: No chain has this name or this id; the message has similar names.
            AmbiguousNameError: Several have it. None is chosen.
            ConfigurationError: An argument is no string, *word* cannot be an id, or *team* is
                given with an exact id.
            BasetenError: The request failed; see `aiobaseten.errors`.
        """
        exact = _exact_id(word, team)
        if exact is None:
            listed = await self.chains()
            found = _finding.one_meant("chain", word, listed, team=team)
            if found is None:
                raise _finding.none_meant("chain", word, listed, team=team)
            exact = found.id
        return self.chain(exact)

    async def identify_model(self, word: str, *, team: str | None = None) -> ModelHandle:
        """The model whose name or id a user gave.

        An id with ``id:`` before it, as in ``id:abcd1234``, sends nothing. Any other word costs one
        request: the list of all models, so that an id that is the name of another model is noticed.
        Cancelling this changes nothing at Baseten.

        Args:
            word: The name, the id, or the id with ``id:`` before it.
            team: The name of the team that it belongs to, because names are unique only within a
                team. An id with ``id:`` before it needs no team, and is refused with one.

        Raises:
            NameNotFoundError: No model has this name or this id; the message has similar names.
            AmbiguousNameError: Several have it. None is chosen.
            ConfigurationError: An argument is no string, *word* cannot be an id, or *team* is
                given with an exact id.
            BasetenError: The request failed; see `aiobaseten.errors`.
        """
        exact = _exact_id(word, team)
        if exact is None:
            listed = await self.models()
            found = _finding.one_meant("model", word, listed, team=team)
            if found is None:
                raise _finding.none_meant("model", word, listed, team=team)
            exact = found.id
        return self.model(exact)

    async def whoami(self) -> User:
        """The user that the key belongs to: id, and where known email, name and workspace.

        The cheapest way to check a key. Cancelling this changes nothing at Baseten.

        Raises:
            AuthenticationError: The key is wrong (401).
            PermissionDeniedError: The key is unknown, or may not use the management API (403).
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        return await self._sender.send(_operations.get_user())

    def server_time(self) -> datetime:
        """Baseten's time of day, from its responses; before the first, this machine's.

        Sends no request.

        For windows of logs and metrics, whose times are Baseten's:
        ``start=baseten.server_time() - timedelta(hours=2)``.
        """
        return self._sender.server_time()

    def audit(self, **options: Unpack[AuditOptions]) -> AuditEntries:
        """The audit log of the organization: who changed what, the newest entry first.

        Use it as ``async for entry in baseten.audit(limit=50):``. Pages are read when the loop
        gets to them. In an organization with several teams, only an administrator may read it:
        `ModelHandle.audit` and `ChainHandle.audit` read the log of one model or chain.

        An entry is written together with the request that it is about: of a promotion it tells
        that it was accepted, not how it ended.

        Args:
            options: ``limit``, ``oldest_first``, ``search``, ``groups``, ``environments``,
                ``deployment_ids``, ``chain_deployment_ids``, ``user_ids``, ``sources``, ``start``
                and ``end``: see `aiobaseten.audit.AuditOptions`.

        Raises:
            ConfigurationError: An option is invalid; at once, before any request.
        """
        return _operations.audit(self._sender, options)

    async def send(self, operation: Operation[T]) -> T:
        """Send an operation of the management API that has no method of its own here.

        Any generated operation will do: one of this package's, or one of a package that was
        generated from another OpenAPI document of Baseten's. It is sent like our own calls: with
        the documented rate limits, the time limits and the errors of this client. A read is
        repeated after a failure that may pass, a write only if it certainly had no effect.

        Cancelling this coroutine does not take a write back that was sent.

        Args:
            operation: What the generated function ``operation(…)`` returns.

        Returns:
            The decoded answer; ``None`` if the document promises none.

        Raises:
            ConfigurationError: It is not an operation, or one of its arguments is invalid. Nothing
                was sent.
            NotFoundError: Something in the path does not exist.
            ResponseShapeError: The answer is not of the documented form.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        return await self._sender.send(checked(operation))

    @overload
    async def resume(
        self,
        token: str,
        *,
        expect: type[P],
        look: bool = True,
        guard: Guard | Literal["required"] | None = "required",
    ) -> P: ...

    @overload
    async def resume(
        self,
        token: str,
        *,
        expect: None = None,
        look: bool = True,
        guard: Guard | Literal["required"] | None = "required",
    ) -> ChainPromotion | ModelPromotion | Cancellation: ...

    async def resume(
        self,
        token: str,
        *,
        expect: type[Any] | None = None,
        look: bool = True,
        guard: Guard | Literal["required"] | None = "required",
    ) -> ChainPromotion | ModelPromotion | Cancellation:
        """Continue with a promotion or cancellation that another process started.

        To end a pause of a promotion, use `ModelPromotion.resume`.

        Reads the environment once. Sends nothing that changes anything, so it is safe to call
        twice, also at the same time. If the token was saved before the request was sent
        (*before_sending* of ``promote``), it looks for the promotion that the request started, for
        some seconds. Cancelling this coroutine changes nothing at Baseten.

        Args:
            token: A promotion's, a cancellation's or a wait error's ``token``.
            expect: The class of the result, such as `ModelPromotion`, also for type checkers. The
                token of something else is an error.
            look: Whether to read the environment at once. If not, nothing is sent (unless the token
                was saved before the request was sent), and the wait finds out what no longer
                exists.
            guard: The guard of a guarded promotion, because its token does not hold it. ``None``
                goes on without one, on purpose. A guard measures the present step anew. It ends a
                pause of the process before once the step has passed, if the audit log says that
                this API key has made it, or if the token says so.

        Raises:
            ConfigurationError: The token is damaged, of another version, or not one; or it is not
                of the class in *expect*; or it is that of a guarded promotion and *guard* is
                missing; or *guard* cannot guard this.
            NotFoundError: The environment or its chain or model no longer exists.
            PromotionOutcomeUnknownError: Neither the audit log nor the environment shows whether
                the promotion started; it was not sent again.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        known = tokens.Token.load(token)
        kind = _resumed(known)
        if expect is not None and not issubclass(kind, expect):
            raise ConfigurationError(
                f"the token is of a {known.kind}: it continues as a {kind.__name__}, not as the "
                f"{expect.__name__} of *expect*"
            )
        resource_id = path_argument("the token's id", known.resource_id)
        name = path_argument("the token's environment", known.environment_name)
        memory = _memory(known, guard)
        if known.kind == "chain promotion":
            chain = self._resource(_operations.CHAIN, resource_id)
            if look:
                await chain.read_environment(name)
            return chains.ChainPromotion(
                resource=chain,
                environment_name=name,
                deployment_id=await _promoted(chain, known),
                baseline=_baseline(known),
                memory=memory,
                began_by=_began_by(known),
                since=_since(known),
                was_adopted=known.was_adopted,
            )
        model = self._resource(_operations.MODEL, resource_id)
        if look:
            await model.read_environment(name)
        if known.kind == "model promotion":
            return models.ModelPromotion(
                resource=model,
                environment_name=name,
                deployment_id=await _promoted(model, known),
                baseline=_baseline(known),
                memory=memory,
                began_by=_began_by(known),
                since=_since(known),
                was_adopted=known.was_adopted,
            )
        return promotion.Cancellation(
            resource=model,
            environment_name=name,
            status=None,
            message="",
            deployment_id=known.deployment_id,
            previous_id=known.previous_id,
            at_once=known.at_once,
        )

    def _resource(self, operations: Operations[D, E], resource_id: str) -> Resource[D, E]:
        return _resource.Resource(operations, resource_id, self._sender, self._polls, self._retries)


def _base_url(given: str | httpx.URL | None) -> str:
    """The address of the management API.

    Raises:
        ConfigurationError: It is invalid, or empty.
    """
    name, url = "base_url", given
    if given is None:
        name, url = "BASETEN_BASE_URL", os.environ.get("BASETEN_BASE_URL")
        if url is not None and not url.strip():
            raise ConfigurationError(
                "BASETEN_BASE_URL is empty: set it to the address of the API, or unset it for "
                f"{DEFAULT_BASE_URL}"
            )
    base = _arguments.base_url(DEFAULT_BASE_URL if url is None else url, name)
    _check_host(name, base)
    return base


def _default_clock(base_url: str) -> Clock:
    """The loop's clock; against a fake, as fast a one as ``AIOBASETEN_CLOCK_SPEED`` says.

    Raises:
        ConfigurationError: The variable is not a speed.
    """
    speed = os.environ.get("AIOBASETEN_CLOCK_SPEED")
    if not speed or not _arguments.is_loopback(httpx.URL(base_url).host):
        return LoopClock()
    try:
        factor = float(speed)
    except ValueError:
        factor = math.nan
    if not 0 < factor <= _FASTEST:
        raise ConfigurationError(
            f"AIOBASETEN_CLOCK_SPEED must be a number above 0, at most {_FASTEST}, not {speed!r}"
        )
    return CompressedClock(factor)


def _check_host(name: str, url: str) -> None:
    """Check that httpx can decode the host of a URL: of one that begins with ``xn--``.

    Raises:
        ConfigurationError: It cannot.
    """
    try:
        _ = httpx.URL(url).host
    except (ValueError, httpx.InvalidURL):
        raise ConfigurationError(f"{name} is not a URL: its host is invalid") from None


def _resumed(known: Token) -> type[ChainPromotion | ModelPromotion | Cancellation]:
    """The class of the result of ``resume``."""
    if known.kind == "chain promotion":
        return chains.ChainPromotion
    return models.ModelPromotion if known.kind == "model promotion" else promotion.Cancellation


def _memory(known: Token, guard: Guard | Literal["required"] | None) -> GuardMemory | None:
    """What a guarded promotion remembers; ``None`` without a guard."""
    if guard == "required":
        if known.hold is not None:
            raise ConfigurationError(
                "this token is of a guarded promotion, and a token holds no guard: pass "
                "guard=Guard(...) as before, or guard=None to go on without one"
            )
        return None
    if guard is None:
        return None
    _arguments.instance("guard", guard, guards.Guard)
    if known.kind == "cancellation":
        raise ConfigurationError("a cancellation has no guard: leave it out")
    if known.kind == "chain promotion":
        _guarding.check_for_chain(guard)
    pause: PauseBefore = "others"
    if known.was_left:
        pause = "left"
    elif known.hold is not None and guard.on_breach != "report":
        pause = "perhaps"  # the token proves that there was a guard, which may have paused it
    return _waiting.GuardMemory(
        guard, float(known.hold or 0), pause_before=pause, was_held=known.was_held
    )


def _baseline(known: Token) -> Baseline:
    """The environment before the promotion."""
    return _waiting.Baseline(
        current_id=known.previous_id,
        candidate_id=known.candidate_id,
        promotion_status=known.promotion_status,
    )


def _began_by(known: Token) -> float:
    """When the promotion was certainly under way, in seconds since 1970 at Baseten."""
    if known.sent_at is None:
        return math.inf
    return known.sent_at + (_promoting.SENT_WITHIN_S if known.intended else 0.0)


def _since(known: Token) -> float:
    """When the promotion began at the earliest, in seconds since 1970 at Baseten.

    If the answer to the request was lost, the token was made up to a minute later.
    """
    return -math.inf if known.sent_at is None else known.sent_at - _waiting.MOST_STALE_S


async def _promoted(resource: Resource[D, E], known: Token) -> str:
    """The id of the deployment to follow."""
    deployment_id = path_argument("the token's deployment", known.deployment_id)
    if not known.intended:
        return deployment_id
    found = await _promoting.find_promoted(
        resource,
        known.environment_name,
        deployment_id,
        _baseline(known),
        was_busy=known.was_busy,
        sent_at=known.sent_at,
    )
    return found.id


def _connector(
    given: object, settings: Settings, connections: int, transport: Transport
) -> Connect:
    """Returns the HTTP clients, once the event loop runs."""
    choice("transport", transport, get_args(Transport))
    if given is None:
        check_transport(transport)
        addresses = (settings.base_url, settings.inference_url)
        return lambda: own_clients(addresses, connections, transport)
    if transport != "httpx":
        raise ConfigurationError("http_client has a transport of its own: leave transport out")
    if not isinstance(given, httpx.AsyncClient):
        kind = type(given)
        raise ConfigurationError(
            f"http_client must be an httpx.AsyncClient, not {kind.__module__}.{kind.__qualname__}"
        )
    both = HttpClients(reads=given, writes=given)

    async def connect() -> HttpClients:
        return both

    return connect


def _check_names(name: str, team: str | None) -> None:
    text("name", name)
    if team is not None:
        text("team", team)


def _exact_id(word: str, team: str | None) -> str | None:
    """The id in a word such as ``id:abc123``; ``None`` if it has to be looked up.

    Raises:
        ConfigurationError: The word or the team is invalid, or the id is exact and needs no team.
    """
    path_argument("word", word)
    if team is not None:
        text("team", team)
    exact = _finding.exact_id(word)
    if exact is not None and team is not None:
        raise ConfigurationError(
            "an id with id: before it is not looked up, so that nothing checks its team: leave out "
            "team, or the id:"
        )
    return exact


def _retry(given: RetryPolicy) -> RetryPolicy:
    return _arguments.instance("retry", given, RetryPolicy)
