"""The client: puts the rooms together and owns the connections."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from copy import copy
from ipaddress import ip_address
from types import TracebackType
from typing import Literal, Self, TypeAlias

import httpx

from ._arguments import Duration, count, path_argument, seconds
from ._clock import Clock, LoopClock
from ._limits import POLLING_RATE, PollingBudget
from ._owner import D, E, Owner
from ._polls import Polls
from ._retry import RetryPolicy
from ._schedule import Schedule, next_look
from ._secret import Secret
from ._token import Token
from ._transport import Budgets, Settings, Transport
from ._waits import Baseline
from ._wire import HttpClient, Wire, closed
from .chains import Chain, ChainHandle, ChainPromotion
from .environment import find_begun
from .errors import ConfigurationError
from .models import Model, ModelHandle, ModelPromotion
from .promotion import Cancellation

AuthScheme: TypeAlias = Literal["Api-Key", "Bearer"]

DEFAULT_BASE_URL = "https://api.baseten.co"
MAX_BODY = 32 * 1024 * 1024


class Baseten:
    """Baseten's management API, for promoting and for knowing when it is live.

    Use it as ``async with Baseten() as baseten:``. It belongs to the event loop that enters it.
    Making handles does no I/O.
    """

    def __init__(
        self,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        inference_url: str | None = None,
        auth_scheme: AuthScheme = "Api-Key",
        connect_timeout: Duration = 10.0,
        read_timeout: Duration = 30.0,
        write_timeout: Duration = 30.0,
        pool_timeout: Duration = 10.0,
        answer_timeout: Duration = 60.0,
        retry: RetryPolicy | None = None,
        polling_rate: float = POLLING_RATE,
        poll: Schedule = next_look,
        max_connections: int = 20,
        http_client: httpx.AsyncClient | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Check the settings. No I/O.

        Args:
            api_key: The key; ``BASETEN_API_KEY`` from the environment otherwise.
            base_url: Where the management API is; ``BASETEN_BASE_URL`` from the environment, or
                ``https://api.baseten.co``, otherwise. Plain http is for loopback only.
            inference_url: Where models answer, with ``{model_id}`` in it, for waking them; derived
                from *base_url* otherwise.
            auth_scheme: What stands before the key in the Authorization header. Baseten's pages
                say ``Api-Key``; OAuth access tokens need ``Bearer``.
            connect_timeout: Seconds or a `timedelta` for a connection to be made.
            read_timeout: Seconds or a `timedelta` without a byte of the answer.
            write_timeout: Seconds or a `timedelta` without a byte of the request being taken.
            pool_timeout: Seconds or a `timedelta` for the HTTP client to hand out a connection.
            answer_timeout: Seconds or a `timedelta` for one request altogether, its answer read to
                the end.
            retry: How a call is repeated when its failure may pass; `RetryPolicy` otherwise.
            polling_rate: Looks a second, of all waits of this client together.
            poll: When waits look again, in place of our own schedule: a function of a `Stage`, the
                seconds since the status last changed, and the seconds since the wait began, that
                returns seconds above 0. Looks come up to a tenth earlier, and *polling_rate* holds.
            max_connections: Requests that may be under way at once; further ones queue.
            http_client: Sends in place of a client of our own, with its proxies, certificates and
                hooks; it stays open when this client is closed. Its timeouts, authentication,
                default headers and redirects are not used. It must allow *max_connections*.
            clock: Time and randomness; the event loop's otherwise.

        Raises:
            ConfigurationError: There is no key, or a setting is wrong.
        """
        secret = Secret(_scheme(auth_scheme), _key(api_key))
        base = _base_url(base_url)
        connections = count("max_connections", max_connections)
        settings = Settings(
            base_url=base,
            inference_url=_inference_url(inference_url, base),
            secret=secret,
            timeouts={
                "connect": seconds("connect_timeout", connect_timeout),
                "read": seconds("read_timeout", read_timeout),
                "write": seconds("write_timeout", write_timeout),
                "pool": seconds("pool_timeout", pool_timeout),
                "answer": seconds("answer_timeout", answer_timeout),
            },
            retry=_retry(retry) or RetryPolicy(),
        )
        wire = Wire(
            clock or LoopClock(),
            _connector(http_client, connections),
            secret,
            closes=http_client is None,
            max_connections=connections,
            max_body=MAX_BODY,
        )
        self._transport = Transport(settings, wire, Budgets())
        self._polls = Polls(self._transport, PollingBudget(_rate(polling_rate)), _schedule(poll))
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
        """Other settings for some calls, over the same connections and budgets. No I/O.

        What is ``None`` stays as it is. What this returns is neither entered nor closed: that is
        for the client that it came from.

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
        timeouts = dict(self._transport.settings.timeouts)
        for name, value in changed.items():
            if value is not None:
                timeouts[name] = seconds(f"{name}_timeout", value)
        view = copy(self)
        view._is_view = True  # noqa: SLF001 - our own
        view._transport = self._transport.with_settings(  # noqa: SLF001 - our own
            timeouts=timeouts, retry=_retry(retry) or self._transport.settings.retry
        )
        return view

    def __repr__(self) -> str:
        return f"<Baseten at {self._transport.settings.base_url}>"

    async def __aenter__(self) -> Self:
        """Bind to the running event loop.

        Raises:
            ConfigurationError: It was entered before, or comes from `with_options`.
        """
        if self._is_view:
            raise ConfigurationError("enter the client that this one was made from")
        self._transport.wire.open()
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
        """End what is under way and close the connections. Safe to call twice.

        Requests and waits under way end with a `ConfigurationError`; what they began at Baseten
        goes on there. On an HTTP client of the caller's, requests under way get some seconds to
        finish, so that it keeps their connections.

        Cancelling this coroutine cuts them off at once; the client is closed all the same.

        Raises:
            ConfigurationError: This client comes from `with_options`.
        """
        if self._is_view:
            raise ConfigurationError("close the client that this one was made from")
        self._polls.close(closed())
        await self._transport.wire.aclose()

    def chain(self, chain_id: str) -> ChainHandle:
        """A chain, by its id. No I/O.

        Raises:
            ConfigurationError: *chain_id* cannot be an id.
        """
        return ChainHandle(Chain(self._transport, chain_id, self._polls, self._retries))

    def model(self, model_id: str) -> ModelHandle:
        """A model, by its id. No I/O.

        Raises:
            ConfigurationError: *model_id* cannot be an id.
        """
        return ModelHandle(Model(self._transport, model_id, self._polls, self._retries))

    async def resume(
        self, token: str, *, look: bool = True
    ) -> ChainPromotion | ModelPromotion | Cancellation:
        """Go on with a promotion or cancellation that another process, or an earlier one, began.

        Looks at the environment once. Safe to do twice and at the same time: it begins nothing.
        Of a token that was made before the request to promote was sent (*before_sending* of
        ``promote``) it looks for what that request began, for some seconds.
        Cancelling this coroutine changes nothing at Baseten.

        Args:
            token: A promotion's, a cancellation's or a wait error's ``token``.
            look: Whether to look at the environment at once. Without that nothing is sent, unless
                the token was made before the request to promote was; it is the wait that finds out
                what no longer exists, and rides out what passes.

        Raises:
            ConfigurationError: The token is damaged, of another version, or not one.
            NotFoundError: What it goes on with no longer exists.
            PromotionOutcomeUnknownError: The environment does not tell whether the promotion
                began; it was not sent again.
            BasetenError: What else can go wrong on the way; see `aiobaseten.errors`.
        """
        known = Token.load(token)
        parent = path_argument("the token's id", known.parent)
        name = path_argument("the token's environment", known.environment)
        baseline = Baseline(
            current_id=known.previous,
            candidate_id=known.candidate,
            promotion_status=known.promotion,
        )
        if known.kind == "chain promotion":
            chain = Chain(self._transport, parent, self._polls, self._retries)
            if look:
                await chain.read_environment(name)
            return ChainPromotion(
                owner=chain,
                environment_name=name,
                deployment_id=await _promoted(chain, known, baseline),
                baseline=baseline,
            )
        model = Model(self._transport, parent, self._polls, self._retries)
        if look:
            await model.read_environment(name)
        if known.kind == "model promotion":
            return ModelPromotion(
                owner=model,
                environment_name=name,
                deployment_id=await _promoted(model, known, baseline),
                baseline=baseline,
            )
        return Cancellation(
            owner=model,
            environment_name=name,
            status=None,
            message="",
            deployment_id=known.deployment,
            previous_id=known.previous,
            at_once=known.at_once,
        )


async def _promoted(owner: Owner[D, E], known: Token, baseline: Baseline) -> str:
    """The deployment to follow."""
    deployment_id = path_argument("the token's deployment", known.deployment)
    if not known.intended:
        return deployment_id
    begun = await find_begun(
        owner, known.environment, deployment_id, baseline, was_busy=known.was_busy
    )
    return begun.id


def _key(given: str | None) -> str:
    key = os.environ.get("BASETEN_API_KEY") if given is None else given
    if not key:
        raise ConfigurationError("no API key: pass api_key=, or set BASETEN_API_KEY")
    if not isinstance(key, str):
        raise ConfigurationError(f"the API key must be a string, not {type(key).__name__}")
    if not key.isascii() or not key.isprintable() or " " in key:
        # The key itself must not get into the message.
        raise ConfigurationError("the API key holds a space, a line break or another odd character")
    return key


def _scheme(given: str) -> str:
    if given not in ("Api-Key", "Bearer"):
        raise ConfigurationError(f'auth_scheme must be "Api-Key" or "Bearer", not {given!r}')
    return given


def _connector(
    given: httpx.AsyncClient | None, connections: int
) -> Callable[[], httpx.AsyncClient]:
    if given is None:
        limits = httpx.Limits(max_connections=connections)
        return lambda: HttpClient(limits=limits)
    if not isinstance(given, httpx.AsyncClient):
        raise ConfigurationError(
            f"http_client must be an httpx.AsyncClient, not {type(given).__name__}"
        )
    return lambda: given


def _retry(given: RetryPolicy | None) -> RetryPolicy | None:
    if given is not None and not isinstance(given, RetryPolicy):
        raise ConfigurationError(f"retry must be a RetryPolicy, not {given!r}")
    return given


def _rate(value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ConfigurationError(f"polling_rate must be looks a second, above 0, not {value!r}")
    return float(value)


def _schedule(given: Schedule) -> Schedule:
    if not callable(given):
        raise ConfigurationError(f"poll must be a function that returns seconds, not {given!r}")
    return given


def _base_url(given: str | None) -> str:
    url = given or os.environ.get("BASETEN_BASE_URL") or DEFAULT_BASE_URL
    return _checked_url("base_url", url).rstrip("/")


def _inference_url(given: str | None, base_url: str) -> str:
    if given is None:
        scheme, _, rest = base_url.partition("://")
        if rest.startswith("api."):
            return f"{scheme}://model-{{model_id}}.{rest}"
        # A stand-in for Baseten, such as the fake, serves models under its own address.
        return f"{base_url}/model-{{model_id}}"
    if "{model_id}" not in given:
        raise ConfigurationError("inference_url must have {model_id} in it")
    _checked_url("inference_url", given.replace("{model_id}", "model"))
    return given.rstrip("/")


def _checked_url(name: str, value: str) -> str:
    try:
        url = httpx.URL(value)
    except (httpx.InvalidURL, TypeError) as error:
        raise ConfigurationError(f"{name} is not a URL: {error}") from None
    if url.scheme not in ("https", "http") or not url.host:
        raise ConfigurationError(f"{name} must begin with https:// and name a host")
    if url.userinfo or url.query or url.fragment:
        raise ConfigurationError(f"{name} must hold no user, query or fragment")
    if url.scheme == "http" and not _is_loopback(url.host):
        raise ConfigurationError(
            f"{name} must be https: over plain http the API key could be read on the way "
            "(only loopback addresses are excepted)"
        )
    return value


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
